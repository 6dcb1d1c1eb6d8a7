import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { changingPorts, movedPorts } from './moved-ports.js';

const at = (port: string, asked = '', PublishAllPorts = false) =>
  containerInspect({
    HostConfig: { PublishAllPorts, ...(PublishAllPorts ? {} : { PortBindings: { '80/tcp': [{ HostPort: asked }] } }) },
    NetworkSettings: { Ports: { '80/tcp': [{ HostPort: port }, { HostIp: '::', HostPort: port }], '81/tcp': null } },
  });

describe('ports that the engine chooses', () => {
  it('are told with old and new, once for all addresses', () => {
    expect(movedPorts(at('32768'), at('32770'))).toEqual([
      expect.stringContaining('port 80/tcp is published at 32770 now, and was at 32768'),
    ]);
    expect(movedPorts(at('8080'), at('8080'))).toEqual([]);
    expect(movedPorts(containerInspect(), at('8080'))).toEqual([]);
  });

  it.each([
    ['80/tcp', [{ HostIp: '0.0.0.0' }, { HostIp: '::' }], '(-p 32768:80)'],
    ['80/tcp', [{ HostIp: '127.0.0.1' }], '(-p 127.0.0.1:32768:80)'],
    ['80/tcp', [{ HostIp: '::1' }], '(-p [::1]:32768:80)'],
    ['53/udp', [{ HostIp: '' }], '(-p 32768:53/udp)'],
    [
      '80/tcp',
      [{ HostIp: '127.0.0.1' }, { HostIp: '::1', HostPort: '32769' }],
      '(-p 127.0.0.1:32768:80 -p [::1]:32769:80)',
    ],
  ])('are advised to be fixed where they are published: %s at %j', (port, bindings, advice) => {
    const published = (HostPort: string) =>
      containerInspect({
        NetworkSettings: { Ports: { [port]: bindings.map((binding) => ({ HostPort, ...binding })) } },
      });
    expect(movedPorts(published('32768'), published('32780'))).toEqual([expect.stringContaining(advice)]);
  });

  it.each(['', '0', '8000-8010'])('are known by what was asked for: «%s»', (asked) => {
    expect(changingPorts(at('8001', asked))).toEqual([expect.stringContaining('published at 8001')]);
  });

  it('are all of -P, and none that was asked for', () => {
    expect(changingPorts(at('32768', '', true))).toHaveLength(1);
    expect(changingPorts(at('8080', '8080'))).toEqual([]);
  });
});
