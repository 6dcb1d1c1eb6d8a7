import { expect } from '@jest/globals';
import { uniqueName, type EngineUnderTest } from '../support/runner/environment.js';
import type { Service } from '../support/service/service.js';
import { until } from '../support/runner/until.js';
import { Client } from './client.js';
import { comparable } from './compare.js';
import { makeFixtures, release, type Fixtures } from './fixtures.js';
import type { Results } from './results.js';
import { runCases, type RunCase } from './run-cases.js';
import { inspect, sampleOf, updateAll, valueAt, type Subject, type Suite } from './suite.js';

const cases = sampleOf(runCases, 60);
const proofNone = ['--label', 'trigger-docker-pull.proof=none'];

/** Each flag of `docker run`, on a container of its own. */
export function dockerRunSuite(engine: EngineUnderTest, results: Results, service: () => Service): Suite {
  const client = new Client(engine);
  let fixtures: Fixtures;
  let isMade = false;
  const subjects = new Map<RunCase, Subject>();
  const unavailable = (wanted: RunCase): string | undefined =>
    Client.missing ?? wanted.unavailable?.({ version: engine.title.split(' ').at(-1) ?? '' });
  const available = cases.filter((wanted) => unavailable(wanted) === undefined);

  const prepare = async (): Promise<void> => {
    results.madeWith((await client.docker('--version')).trim().split(',')[0] ?? '');
    fixtures = await makeFixtures(engine, client, 1);
    isMade = true;
    await inPairs(available, async (wanted) => {
      subjects.set(wanted, await create(client, engine, fixtures, wanted));
    });
    await release(fixtures);
    await updateAll(service(), [...subjects.values()]);
  };

  const cleanUp = async (): Promise<void> => {
    if (!isMade) return;
    const made = [...subjects.values()].map(({ name }) => name);
    await client.docker('rm', '--force', '--volumes', ...made, fixtures.donor, fixtures.neighbour);
    await client.docker('network', 'rm', fixtures.network, fixtures.otherNetwork);
    await fixtures.vlans.remove();
  };

  for (const wanted of cases) {
    results.test(
      {
        section: 'docker run',
        title: wanted.flags,
        engine: engine.title,
      },
      unavailable(wanted),
      async () => {
        const subject = subjects.get(wanted);
        expect(subject?.failure).toBeUndefined();
        expect(subject?.deployment).toMatchObject({ status: 'succeeded', result: 'updated' });
        const { name, before } = subject as Required<Subject>;
        const twinName = uniqueName('twin');
        await client.docker('create', '--name', twinName, ...commandLine(fixtures, wanted, twinName));
        try {
          const [after, twin] = [await inspect(engine, name), await inspect(engine, twinName)];
          expect(after.Id).not.toBe(before.Id);
          expect(after.State.Status).toBe(wanted.isOnlyCreated ? 'created' : 'running');
          expect(valueAt(after, wanted.sets)).toBeTruthy();
          expect(comparable(after, after)).toEqual(comparable(twin, after));
          await expectBehaviour(engine, client, fixtures, wanted, name);
        } finally {
          await client.docker('rm', '--force', twinName);
        }
      },
    );
  }
  return { prepare, cleanUp };
}

function commandLine(fixtures: Fixtures, { args, command = [], image }: RunCase, unique: string): string[] {
  return [
    ...proofNone,
    ...args(fixtures, unique),
    image === 'volumes' ? fixtures.volumesImage : fixtures.image,
    ...command,
  ];
}

async function create(client: Client, engine: EngineUnderTest, fixtures: Fixtures, wanted: RunCase): Promise<Subject> {
  const name = uniqueName('case');
  const verb = wanted.isOnlyCreated ? ['create'] : ['run', '--detach'];
  try {
    await client.docker(...verb, '--name', name, ...commandLine(fixtures, wanted, name));
    if (wanted.seed) await client.docker('exec', name, '/bin/sh', '-c', wanted.seed);
    return { name, before: await inspect(engine, name) };
  } catch (error) {
    return { name, failure: (error as Error).message };
  }
}

async function expectBehaviour(
  engine: EngineUnderTest,
  client: Client,
  fixtures: Fixtures,
  { shows, answersAt }: RunCase,
  name: string,
): Promise<void> {
  if (shows) {
    const [command, output] = shows;
    expect(await client.docker('exec', name, '/bin/sh', '-c', command)).toMatch(output);
  }
  const url = answersAt?.(fixtures);
  if (url?.startsWith('alias:')) {
    const fetch = ['/bin/busybox', 'wget', '-q', '-O', '-', `http://${url.slice('alias:'.length)}/`];
    expect(await client.docker('exec', fixtures.neighbour, ...fetch)).toContain('v2');
  } else if (url) {
    expect(await until(`an answer at ${url}`, 20_000, () => engine.fetchText(url))).toBe('v2');
  }
}

async function inPairs<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const rest = [...all];
  const take = async (): Promise<void> => {
    for (let one = rest.shift(); one; one = rest.shift()) await work(one);
  };
  await Promise.all([take(), take()]);
}
