import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../test/support/containers.js';
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

  it.each(['', '0', '8000-8010'])('are known by what was asked for: «%s»', (asked) => {
    expect(changingPorts(at('8001', asked))).toEqual([expect.stringContaining('published at 8001')]);
  });

  it('are all of -P, and none that was asked for', () => {
    expect(changingPorts(at('32768', '', true))).toHaveLength(1);
    expect(changingPorts(at('8080', '8080'))).toEqual([]);
  });
});
