import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import type { ImageInspect } from '../engine/engine-types.js';
import { composeWarnings } from './compose-warnings.js';

const labels = (service: string, more: Record<string, string> = {}): Record<string, string> => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
  ...more,
});
const db = containerInspect({ Id: 'd'.repeat(64), Name: '/shop-db-1', Config: { Labels: labels('db') } });
const other = (service: string, dependsOn: string, State = 'running', more = {}) => ({
  ...{ Id: service.padEnd(64, '0'), Names: [`/shop-${service}-1`], Image: 'x', ImageID: 'x', State },
  Labels: labels(service, { 'com.docker.compose.depends_on': dependsOn, ...more }),
});

const subject = (old: ReturnType<typeof containerInspect>, imageLabels: Record<string, string> = {}) => ({
  old,
  oldImage: { Id: old.Image, Config: { Labels: imageLabels } } as ImageInspect,
});

describe('composeWarnings', () => {
  it('names those that Compose would restart with the target', () => {
    const present = [
      other('app', 'db:service_started:true'),
      other('worker', 'cache:service_started:true,db:service_healthy:true'),
      other('web', 'db:service_started:false'),
      other('job', 'db:service_started:true', 'exited'),
      other('foreign', 'db:service_started:true', 'running', { 'com.docker.compose.project': 'other' }),
    ];
    expect(composeWarnings([subject(db)], present)).toEqual([
      expect.stringMatching(/^shop-app-1, shop-worker-1 depend on db with restart: true and are not restarted/),
    ]);
    expect(composeWarnings([subject(db)], [])).toEqual([]);
  });

  it('takes no image at its word that its container is of the project', () => {
    const present = [other('app', 'db:service_started:true')];
    expect(composeWarnings([subject(db, labels('db'))], present)).toEqual([]);
  });

  it('says that Compose recreates what shares a namespace, and does not name that a second time', () => {
    const hash = { 'com.docker.compose.config-hash': 'abc' };
    const sidecar = containerInspect({
      Id: 'app'.padEnd(64, '0'),
      Name: '/shop-app-1',
      Config: { Labels: labels('app', hash) },
      HostConfig: { NetworkMode: `container:${db.Id}` },
    });
    const present = [other('app', 'db:service_started:true')];
    expect(composeWarnings([subject(db), subject(sidecar)], present)).toEqual([
      expect.stringMatching(/^the next docker compose up recreates shop-app-1 once/),
    ]);
  });
});
