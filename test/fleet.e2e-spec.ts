// @extended
// @needs internet: for redis-server, a Debian package, where it is not there.
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Deployment } from '../src/deployments/deployment.js';
import { startApp } from './support/fixtures/apps.js';
import { describeOnNewestEngine, docker, onPrivateEngine, uniqueName } from './support/runner/environment.js';
import { endsOf, notifyMany, overlapping } from './support/fleet/fleet-load.js';
import { Fleet, type FleetApp } from './support/fleet/fleet.js';
import { publish } from './support/fixtures/images.js';
import { redisProgram } from './support/service/redis.js';
import { note, writeReport } from './support/runner/report.js';
import { until } from './support/runner/until.js';

/** `npm run test:fleet` does all of it, and writes it down. */
const isWhole = process.env.TEST_FLEET === 'all';
const notifies = isWhole ? 10_000 : 1000;
/** A service that was killed holds its job for up to 20 s; a connection that was cut may need as long to be one again. */
const endsWithinMs = 120_000;
jest.setTimeout(300_000);
const everywhere = 'all three updated, one new container on each';
const failing = { version: 'v2', cmd: ['/bin/busybox', 'false'] };

(redisProgram && onPrivateEngine ? describeOnNewestEngine : describe.skip)('a fleet of three hosts', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start();
  });
  afterEach(() => fleet.repair());
  afterAll(() => fleet.end());

  const settled = (id: string, replica = fleet.replicas[0]) => replica.settled(id, endsWithinMs);
  /** On every host one container has the name, runs this, and was made so often; nothing else is there. */
  const expectEverywhere = async (app: FleetApp, versions: string[], made: number[]): Promise<void> => {
    expect(await fleet.containers(app)).toEqual(fleet.hosts.map(() => [`${app.name} running`]));
    expect(await fleet.versions(app)).toEqual(versions);
    expect(fleet.made(app)).toEqual(made);
  };
  const updatedOnce = (app: FleetApp): Promise<void> => expectEverywhere(app, ['v2', 'v2', 'v2'], [2, 2, 2]);
  /** @param found the index of the host whose update was finished by recovery: its second try finds it up to date */
  const updatedOnAll = (found?: number): object => ({
    status: 'succeeded',
    result: 'updated',
    hosts: fleet.hosts.map(({ name: host }, index) => ({
      host,
      status: 'succeeded',
      result: index === found ? 'up_to_date' : 'updated',
    })),
  });
  /**
   * Has something happen while the new container of a host is proved; in the end every host runs the new image, in the only container
   * that was made for it. The first replica accepts, and the second one is asked. Answers the deployment's id.
   */
  const updatedInSpiteOf = async (
    what: string,
    index: number,
    happen: (part: Deployment) => Promise<unknown>,
    found?: number,
  ): Promise<string> => {
    const app = await fleet.updatable(what);
    const id = await fleet.notify(app.name);
    await happen(await fleet.part(id, index, 'prove', fleet.replicas[1]));
    expect(await settled(id, fleet.replicas[1])).toMatchObject(updatedOnAll(found));
    await updatedOnce(app);
    // All of them take the next one, too.
    await fleet.repair();
    expect(await fleet.replicas[1].update(app.name, endsWithinMs)).toMatchObject({ result: 'up_to_date' });
    await updatedOnce(app);
    return id;
  };

  it('updates all, one after the other; another replica answers for it, and a caller that waits hears its end', async () => {
    const app = await fleet.updatable('all');
    const [one, other] = fleet.replicas;
    const response = await one.fetch(`/notify/${app.name}?wait=120`, { method: 'POST' });
    const deployment = (await response.json()) as Deployment;
    expect([response.status, deployment]).toMatchObject([200, updatedOnAll()]);
    expect(await other.deployment(deployment.id)).toEqual(deployment);
    const parts = await Promise.all((deployment.hosts ?? []).map((part) => other.deployment(part.deploymentId)));
    expect(overlapping(parts)).toEqual([]);
    await updatedOnce(app);
    expect(await other.update(app.name, endsWithinMs)).toMatchObject({ result: 'up_to_date' });
    await updatedOnce(app);
    note('a new image', 'all three updated, one after the other; the next notify finds them up to date');
  });

  it('stops at the first host that fails, which has its old container back', async () => {
    const app = await fleet.updatable('fails', failing);
    expect(await settled(await fleet.notify(app.name))).toMatchObject({
      status: 'failed',
      error: { code: 'hosts_failed' },
      hosts: [
        { status: 'rolled_back' },
        { status: 'dropped', error: { code: 'rollout_stopped' } },
        { status: 'dropped', error: { code: 'rollout_stopped' } },
      ],
    });
    await expectEverywhere(app, ['v1', 'v1', 'v1'], [2, 1, 1]);
    note('an image that exits at once', 'the first host rolled back, the other two untouched');
  });

  it('stops in the middle: what was updated stays, and a host keeps to its own policy', async () => {
    const app = await fleet.updatable('middle');
    const { docker: second } = fleet.hosts[1].engine;
    await second.getContainer(app.name).remove({ force: true });
    await startApp(
      app.image,
      { name: app.name, Labels: { 'trigger-docker-pull.enable': 'false' } },
      undefined,
      fleet.hosts[1].engine,
    );
    expect(await settled(await fleet.notify(app.name))).toMatchObject({
      status: 'failed',
      hosts: [
        { status: 'succeeded', result: 'updated' },
        { status: 'failed', error: { code: 'refused' } },
        { status: 'dropped', error: { code: 'rollout_stopped' } },
      ],
    });
    expect(await fleet.containers(app)).toEqual(fleet.hosts.map(() => [`${app.name} running`]));
    note('a container whose label forbids it, on the second host', 'the first updated, the third untouched');
  });

  it('goes to one host where it is asked to; fails what no host has; refuses what is not the same thing', async () => {
    const app = await fleet.updatable('one');
    const [a, b, c] = fleet.hosts;
    expect(await settled(await fleet.notify(`${app.name}?host=${c.name}`))).toMatchObject({
      status: 'succeeded',
      host: c.name,
    });
    await expectEverywhere(app, ['v1', 'v1', 'v2'], [1, 1, 2]);
    const unknown = await fleet.replicas[0].update(uniqueName('unknown'));
    expect(unknown).toMatchObject({ status: 'failed', error: { code: 'no_such_container' } });
    for (const { name } of fleet.hosts) expect(unknown.error?.message).toContain(name);
    const name = uniqueName('different');
    for (const host of [a, b]) {
      const image = fleet.image('different');
      await publish(docker, image, { version: 'v1' });
      await startApp(image, { name }, undefined, host.engine);
    }
    // A notify within the same second or two may miss one of them.
    for (const host of [a, b]) await fleet.announced(host, name);
    const refused = await fleet.replicas[0].notify(name);
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([409, 'ambiguous_container']);
    note('`?host=`, an unknown name, one name for two images', 'that host alone; the live hosts are named; 409');
  });

  it('sees at once that a container has come, or gone, on one more host', async () => {
    const image = fleet.image('new');
    const name = uniqueName('new');
    await publish(docker, image, { version: 'v1' });
    for (const host of fleet.hosts) {
      await startApp(image, { name }, undefined, host.engine);
      await fleet.announced(host, name);
    }
    const hostsOf = async (id: string) => (await settled(id)).hosts?.map(({ host }) => host);
    const [a, b, c] = fleet.hosts;
    expect(await hostsOf(await fleet.notify(name))).toEqual([a.name, b.name, c.name]);
    await b.engine.docker.getContainer(name).remove({ force: true });
    await fleet.announced(b, name, false);
    // A replica reads what is announced once a second at the most.
    await until('a notify for the other two', 10_000, async () =>
      (await hostsOf(await fleet.notify(name)))?.join() === [a.name, c.name].join() ? true : undefined,
    );
    note('a container made, or removed, on one more host', 'the next notify goes there, or no longer does');
  });

  it('rolls back all hosts, one after the other', async () => {
    const app = await fleet.updatable('back');
    await settled(await fleet.notify(app.name));
    const back = await fleet.replicas[1].rollBack(app.name, endsWithinMs);
    expect(back).toMatchObject({ ...updatedOnAll(), kind: 'rollback' });
    await expectEverywhere(app, ['v1', 'v1', 'v1'], [3, 3, 3]);
    note('`POST /rollback`', 'all three run the image before, one after the other');
  });

  it('goes on after an agent is killed in mid-update', async () => {
    const { agent } = fleet.hosts[1];
    const restart = async (): Promise<void> => {
      await agent.kill();
      await agent.restart();
    };
    const id = await updatedInSpiteOf('agent', 1, restart, 1);
    const { hosts } = await fleet.replicas[0].deployment(id);
    const part = await fleet.replicas[0].deployment(String(hosts?.[1]?.deploymentId));
    expect(part.retries).toMatchObject([{ code: 'interrupted', stage: 'prove' }]);
    note('the second agent killed (SIGKILL) in mid-update, and started again', everywhere);
  });

  it('goes on after the replica that accepted it is killed', async () => {
    await updatedInSpiteOf('replica', 0, () => fleet.replicas[0].kill());
    note('the replica that accepted it killed in mid-update', `${everywhere}, by the other replica`);
  });

  it('goes on once a replica is there again, where both were killed', async () => {
    await updatedInSpiteOf('replicas', 0, async () => {
      for (const each of fleet.replicas) await each.kill();
      await fleet.replicas[1].restart();
      await fleet.replicas[1].ready();
    });
    note('both replicas killed in mid-update, and one started again', everywhere);
  });

  it('goes on after Redis is killed in mid-update and comes back', async () => {
    await updatedInSpiteOf('redis', 0, async ({ container }) => {
      await fleet.redis.kill();
      const refused = await fleet.replicas[1].notify(container);
      expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
      await fleet.redis.launch();
      for (const each of fleet.replicas) await each.ready();
    });
    note('Redis killed (SIGKILL) in mid-update, and started again', `503 meanwhile; ${everywhere}`);
  });

  it('goes on after Redis has answered nobody for a while', async () => {
    await updatedInSpiteOf('frozen', 0, async ({ container }) => {
      fleet.redis.freeze();
      expect((await fleet.replicas[1].notify(container)).status).toBe(503);
      fleet.redis.thaw();
    });
    note('Redis stopped (SIGSTOP) in mid-update, and let go on', `503 meanwhile; ${everywhere}`);
  });

  it('goes on after the network between an agent and Redis was cut in mid-update', async () => {
    const [, , away] = fleet.hosts;
    await updatedInSpiteOf('cut', 2, async ({ id, container }) => {
      await fleet.cable.cut();
      // Until nobody can know whether the agent lives; its update comes to its end meanwhile.
      await until('the lock of its job to run out', 60_000, async () =>
        (await fleet.isAtWork(away, id)) ? undefined : true,
      );
      await until('the end of the update there', 60_000, async () => {
        const found = await away.engine.docker.listContainers({ all: true, filters: { name: [container] } });
        return found.length === 1 ? true : undefined;
      });
      expect(await fleet.replicas[0].deployment(id)).toMatchObject({ status: 'running' });
      await fleet.cable.mend();
    });
    note('the network between an agent and Redis cut in mid-update, for longer than its job is kept', everywhere);
  });

  it('keeps the part of a host that cannot be reached, and goes on when it is back', async () => {
    const app = await fleet.updatable('away');
    await fleet.cable.cut();
    const id = await fleet.notify(app.name);
    await until('the part of the host that is away', endsWithinMs, async () =>
      (await fleet.replicas[0].deployment(id)).hosts?.[1]?.status === 'succeeded' ? true : undefined,
    );
    expect((await fleet.replicas[0].deployment(id)).status).toBe('running');
    await fleet.cable.mend();
    expect(await settled(id)).toMatchObject(updatedOnAll());
    await updatedOnce(app);
    note('the network cut before a host had its turn', 'its part waited, and was done once it was back');
  });

  it(
    `accepts ${notifies} notifies while an agent and Redis are killed: each has an end, and no host works on two at once`,
    async () => {
      const still = await fleet.run('still');
      const moving = await fleet.run('moving');
      const unchanged = [still];
      for (let more = 0; more < 7; more++) unchanged.push(await fleet.runPublished('still', still.image));
      const changed = [moving];
      for (let more = 0; more < 2; more++) changed.push(await fleet.runPublished('moving', moving.image));
      await publish(docker, moving.image, { version: 'v2' });
      const [, killed] = fleet.hosts;
      const load = await notifyMany(
        fleet,
        [...changed, ...unchanged].map(({ name }) => name),
        notifies,
        [
          {
            after: Math.round(notifies / 4),
            happen: async () => {
              await until('work there', 60_000, async () => (await fleet.isAtWork(killed)) || undefined);
              await killed.agent.kill();
              await killed.agent.restart();
            },
          },
          {
            after: Math.round(notifies / 2),
            happen: async () => {
              await fleet.redis.kill();
              await fleet.redis.launch();
            },
          },
        ],
      );
      const { ends, parts } = await endsOf(fleet.replicas[1], load.ids, 10 * 60_000);
      expect(ends.filter(({ status }) => status !== 'succeeded')).toEqual([]);
      expect(parts).toHaveLength(3 * ends.length);
      for (const { name, watch } of fleet.hosts) {
        expect(overlapping(parts.filter(({ host }) => host === name))).toEqual([]);
        expect(watch.mostAtOnce).toBe(1);
      }
      const interruptions = parts.filter(({ retries = [] }) => retries.some(({ code }) => code === 'interrupted'));
      for (const app of changed) {
        // One that was cut off before its replacement was proved is begun anew.
        const [first, second = 0, third] = fleet.made(app);
        const again = interruptions.filter(({ container }) => container === app.name).length;
        expect([first, third]).toEqual([2, 2]);
        expect([second >= 2, second <= 2 + again]).toEqual([true, true]);
        await expectEverywhere(app, ['v2', 'v2', 'v2'], fleet.made(app));
      }
      for (const app of unchanged) await expectEverywhere(app, ['v1', 'v1', 'v1'], [1, 1, 1]);
      note(
        `${notifies} notifies of ${changed.length + unchanged.length} containers by both replicas; an agent and Redis killed meanwhile`,
        `all accepted within ${load.seconds} s (${load.refused} × 503 before, ${load.coalesced} joined), ${load.ids.length} deployments with ${parts.length} parts, ${interruptions.length} of them cut off by the kill and begun anew; all succeeded, on no host two at once`,
      );
    },
    30 * 60_000,
  );

  it('has written down what it has seen', () => {
    if (isWhole)
      writeReport('docs/fleet-tests.md', {
        title: 'A fleet of three hosts',
        about:
          'Written by `npm run test:fleet`: three engines, an agent for each, two replicas of the API, and one Redis with `appendonly yes` and `appendfsync always`. Each time, every host must have exactly one container with the name in the end, running, and nothing else of it; every deployment that was accepted must have ended; and each host must have made no more containers than it had to, counted by the events of its engine.',
        columns: ['what happened', 'what came of it'],
        versions: fleet.hosts.map(({ engine }) => engine.title),
      });
  });
});
