import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { successorOf } from './successor.js';

const compose = (service: string, more: Record<string, string> = {}): Record<string, string> => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
  'com.docker.compose.oneoff': 'False',
  ...more,
});
const container = (
  name: string,
  Labels: Record<string, string> = {},
  Created = '2026-01-02T00:00:00Z',
): ContainerInspect => containerInspect({ Id: name.padEnd(64, '0'), Name: `/${name}`, Created, Config: { Labels } });
const dependsOn = (text: string): ContainerInspect =>
  container('app', compose('app', { 'com.docker.compose.depends_on': text }), '2026-01-01T00:00:00Z');

describe('successorOf', () => {
  const [vpn, web] = [container('vpn'), container('web')];

  it('finds the container of the same name, if the engine remembers the one that is gone', () => {
    const app = container('app');
    expect(successorOf(app, { name: 'vpn' }, [app, web, vpn])).toBe(vpn);
    expect(successorOf(app, { name: 'vpn-upd-old-0123456789ab' }, [app, web, vpn])).toBe(vpn);
    expect(successorOf(app, { name: 'other' }, [app, web, vpn])).toBeUndefined();
    expect(successorOf(app, { name: 'app' }, [app, web, vpn])).toBeUndefined();
  });

  it('finds the one of the same Compose service, whatever its name', () => {
    const app = container('app');
    const second = container('second', compose('vpn', { 'com.docker.compose.container-number': '2' }));
    const first = container('first', compose('vpn'));
    expect(successorOf(app, { name: 'shop-vpn-1', ...compose('vpn') }, [app, web, second, first])).toBe(first);
    expect(successorOf(app, { name: 'vpn', ...compose('vpn') }, [app, second, vpn])).toBe(vpn);
  });

  it('takes the only service that Compose restarts the dependent with, if its container is younger', () => {
    const app = dependsOn('db:service_started:false,vpn:service_started:true');
    const owner = container('shop-vpn-1', compose('vpn'));
    const db = container('shop-db-1', compose('db'));
    expect(successorOf(app, undefined, [app, db, owner])).toBe(owner);
  });

  it.each([
    ['the engine has forgotten it, and Compose did not make the dependent', container('app'), [vpn]],
    [
      'Compose was told of the dependency in another way, which says nothing of namespaces',
      dependsOn('vpn:service_healthy:false'),
      [container('shop-vpn-1', compose('vpn'))],
    ],
    [
      'there are two such services',
      dependsOn('vpn:service_started:true,db:service_started:true'),
      [container('shop-vpn-1', compose('vpn'))],
    ],
    [
      'the service has two containers',
      dependsOn('vpn:service_started:true'),
      [
        container('shop-vpn-1', compose('vpn')),
        container('shop-vpn-2', compose('vpn', { 'com.docker.compose.container-number': '2' })),
      ],
    ],
    [
      'its container was there before the dependent, so that it followed nothing',
      dependsOn('vpn:service_started:true'),
      [container('shop-vpn-1', compose('vpn'), '2025-12-31T00:00:00Z')],
    ],
    [
      'the container is of another project',
      dependsOn('vpn:service_started:true'),
      [container('other-vpn-1', compose('vpn', { 'com.docker.compose.project': 'other' }))],
    ],
    [
      'the container is a one-off',
      dependsOn('vpn:service_started:true'),
      [container('shop-vpn-run-1', compose('vpn', { 'com.docker.compose.oneoff': 'True' }))],
    ],
  ])('is not certain where %s', (_, dependent, others) => {
    expect(successorOf(dependent, undefined, [dependent, ...others])).toBeUndefined();
  });
});
