import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { EngineError } from '../engine/engine-error.js';
import type { Engine } from '../engine/engine.js';
import type { ContainerSummary, ImageInspect } from '../engine/engine-types.js';
import { findComposeWarnings } from './compose-warnings.finder.js';

const labels = (service: string, more: Record<string, string> = {}): Record<string, string> => ({
  'com.docker.compose.project': 'shop',
  'com.docker.compose.service': service,
  'com.docker.compose.container-number': '1',
  ...more,
});
const dependsOnDb = { 'com.docker.compose.depends_on': 'db:service_started:true' };
const peer = (service: string, ImageID: string): ContainerSummary => ({
  ...{ Id: service.padEnd(64, '0'), Names: [`/${service}`], Image: 'x', ImageID, State: 'running' },
  Labels: labels(service, dependsOnDb),
});

/** @param images their labels, by their ids */
async function warningsOf(
  target: Record<string, string>,
  ofItsImage: Record<string, string>,
  present: ContainerSummary[],
  images: Record<string, Record<string, string>> = {},
): Promise<{ warnings: string[]; asked: string[] }> {
  const asked: string[] = [];
  const engine = {
    inspectImage: (id: string) => {
      asked.push(id);
      const Labels = images[id];
      return Labels
        ? Promise.resolve({ Id: id, Config: { Labels } })
        : Promise.reject(new EngineError('GET', 404, 'no such image'));
    },
  } as unknown as Engine;
  const old = containerInspect({ Id: 'd'.repeat(64), Name: '/db', Config: { Labels: target } });
  const oldImage = { Id: 'of-db', Config: { Labels: ofItsImage } } as unknown as ImageInspect;
  return { warnings: await findComposeWarnings(engine, [{ old, oldImage }], present), asked };
}

describe('findComposeWarnings', () => {
  it('names what Compose made to be restarted with the target', async () => {
    const { warnings } = await warningsOf(labels('db'), {}, [peer('app', 'plain')], { plain: {} });
    expect(warnings).toEqual([expect.stringMatching(/^app depends on db with restart: true/)]);
  });

  it('names nothing that depends on the target by the labels of its own image', async () => {
    const images = { evil: labels('evil', dependsOnDb) };
    const { warnings, asked } = await warningsOf(
      labels('db'),
      {},
      [peer('evil', 'evil'), { ...peer('evil', 'evil'), Id: 'second' }],
      images,
    );
    expect([warnings, asked]).toEqual([[], ['evil']]);
  });

  it('names nothing whose image is gone, so that nobody knows whose the labels are', async () => {
    expect((await warningsOf(labels('db'), {}, [peer('app', 'gone')])).warnings).toEqual([]);
  });

  it('warns of nothing, and asks nothing, when the target has its Compose labels from its image', async () => {
    const found = await warningsOf(labels('db'), labels('db'), [peer('app', 'plain')], { plain: {} });
    expect(found).toEqual({ warnings: [], asked: [] });
  });
});
