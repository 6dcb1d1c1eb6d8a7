import { expect } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { uniqueName, type EngineUnderTest } from '../support/runner/environment.js';
import type { Service } from '../support/service/service.js';
import { Client } from './client.js';
import { comparable } from './compare.js';
import { composeCases, composeTopLevel, type ComposeCase } from './compose-cases.js';
import { makeFixtures, release, type Fixtures } from './fixtures.js';
import type { Results } from './results.js';
import { inspect, sampleOf, updateAll, valueAt, type Subject, type Suite } from './suite.js';

// The first one is what others refer to, the sixth has inline configs.
const cases = sampleOf(composeCases, 20);
process.env.CONFORMANCE_SECRET = 'inline-secret';

/** Each key of a Compose file that reaches the engine, in a service of its own, all in one project. */
export function composeSuite(engine: EngineUnderTest, results: Results, service: () => Service): Suite {
  const client = new Client(engine);
  let fixtures: Fixtures;
  let isMade = false;
  let project: string[];
  const subjects = new Map<ComposeCase, Subject>();
  const unavailable = (wanted: ComposeCase): string | undefined =>
    Client.missing ?? wanted.unavailable?.({ version: engine.title.split(' ').at(-1) ?? '' });
  const available = cases.filter((wanted) => unavailable(wanted) === undefined);
  const compose = (...args: string[]): Promise<string> => client.docker('compose', ...project, ...args);

  const prepare = async (): Promise<void> => {
    results.madeWith(`Docker Compose ${(await client.docker('compose', 'version', '--short')).trim()}`);
    fixtures = await makeFixtures(engine, client, 5);
    isMade = true;
    const name = uniqueName('project');
    const file = join(fixtures.folder, 'compose.json');
    project = ['--progress', 'plain', '--project-name', name, '--file', file];
    writeFileSync(file, JSON.stringify({ services: servicesOf(available, fixtures), ...composeTopLevel(fixtures) }));
    await compose('up', '--detach', '--pull', 'never');
    for (const wanted of available) {
      const [id = ''] = (await compose('ps', '--quiet', serviceOf(wanted))).trim().split('\n');
      if (wanted.seed) await client.docker('exec', id, '/bin/sh', '-c', wanted.seed);
      const before = await inspect(engine, id);
      subjects.set(wanted, { name: before.Name.slice(1), before });
    }
    await release(fixtures);
    await updateAll(service(), [...subjects.values()]);
  };

  const cleanUp = async (): Promise<void> => {
    if (!isMade) return;
    await client.docker('rm', '--force', '--volumes', fixtures.donor, fixtures.neighbour);
    await client.docker('network', 'rm', fixtures.network, fixtures.otherNetwork);
    await fixtures.vlans.remove();
  };

  const at = (title: string): { section: string; title: string; engine: string } => ({
    ...{ section: 'Compose', title, engine: engine.title },
  });

  for (const wanted of cases) {
    results.test(at(wanted.key), unavailable(wanted), async () => {
      const { name, before, deployment } = subjects.get(wanted) as Required<Subject>;
      expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
      const after = await inspect(engine, name);
      expect(after.Id).not.toBe(before.Id);
      expect(after.State.Status).toBe('running');
      expect(valueAt(after, wanted.sets)).toBeTruthy();
      if (wanted.shows) {
        const [command, output] = wanted.shows;
        expect(await client.docker('exec', name, '/bin/sh', '-c', command)).toMatch(output);
      }
      updated.set(wanted, after);
    });
  }
  const updated = new Map<ComposeCase, Awaited<ReturnType<typeof inspect>>>();

  results.test(at('docker compose up -d: Running, nothing recreated'), Client.missing, async () => {
    const output = await compose('up', '--detach', '--pull', 'never');
    expect(output).not.toMatch(/Recreate|Creat|Start/);
    for (const { name } of subjects.values()) expect(output).toMatch(new RegExp(`${name} +Running`));
    for (const [wanted, { name }] of subjects) expect((await inspect(engine, name)).Id).toBe(updated.get(wanted)?.Id);
  });

  results.test(at('docker compose ps, logs'), Client.missing, async () => {
    const listed = await compose('ps', '--format', '{{.Name}} {{.State}}');
    for (const { name } of subjects.values()) expect(listed).toContain(`${name} running`);
    await compose('logs', '--tail', '1');
  });

  results.test(at('the same container as docker compose makes'), Client.missing, async () => {
    await compose('create', '--force-recreate', '--pull', 'never');
    const [ours, theirs]: Record<string, unknown>[] = [{}, {}];
    for (const [wanted, { name }] of subjects) {
      const after = updated.get(wanted);
      const twin = await inspect(engine, name);
      expect(twin.Id).not.toBe(after?.Id);
      if (after) Object.assign(ours ?? {}, { [wanted.key]: comparable(after, twin) });
      if (after) Object.assign(theirs ?? {}, { [wanted.key]: comparable(twin, after) });
    }
    expect(ours).toEqual(theirs);
  });

  results.test(at('docker compose down'), Client.missing, async () => {
    await compose('down', '--volumes', '--timeout', '1');
    const left = await engine.docker.listContainers({
      all: true,
      filters: { label: [`com.docker.compose.project=${project[3] ?? ''}`] },
    });
    expect(left).toEqual([]);
  });
  return { prepare, cleanUp };
}

function servicesOf(wanted: ComposeCase[], fixtures: Fixtures): Record<string, unknown> {
  return Object.fromEntries(
    wanted.map((one) => [
      serviceOf(one),
      {
        image: fixtures.image,
        ...one.service(fixtures),
        // Stops at once, and is taken as it comes.
        ...{ stop_grace_period: '1s', ...one.service(fixtures) },
        labels: {
          'trigger-docker-pull.proof': 'none',
          ...(one.service(fixtures).labels as Record<string, string> | undefined),
        },
      },
    ]),
  );
}

function serviceOf({ key }: ComposeCase): string {
  return key.replace(/[^a-z0-9]+/gi, '-').toLowerCase();
}
