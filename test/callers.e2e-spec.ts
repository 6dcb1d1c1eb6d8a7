import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Deployment } from '../src/deployments/deployment.js';
import { runApp, versionAt, type App } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueName } from './support/runner/environment.js';
import { IdentityProvider } from './support/service/identity-provider.js';
import { publish } from './support/fixtures/images.js';
import { RegistryProxy } from './support/registry/registry-proxy.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

type TokenName = 'ci' | 'other' | 'operator';
interface Grant {
  containers: string[];
  actions: string[];
  expires?: string;
}

function randomDigest(): string {
  return `sha256:${randomBytes(32).toString('hex')}`;
}

/** A policy file with these tokens, each in the environment variable of its name. */
class Policy {
  readonly path = join(mkdtempSync(join(tmpdir(), 'callers-')), 'policy.json');
  readonly tokens = Object.fromEntries(
    ['ci', 'other', 'operator'].map((id) => [id, randomBytes(24).toString('base64url')]),
  ) as Record<TokenName, string>;

  constructor() {
    keepSecret(...Object.values(this.tokens));
  }

  get env(): Record<string, string> {
    return { POLICY_PATH: this.path, ...this.tokens };
  }

  write(grants: Partial<Record<TokenName, Grant>>, rest: object = {}): void {
    const tokens = Object.entries(grants).map(([id, grant]) => ({ id, env: id, ...grant }));
    writeFileSync(this.path, JSON.stringify({ tokens, ...rest }));
  }
}

const idOf = async (response: Response): Promise<string> => {
  expect(response.status).toBe(202);
  return ((await response.json()) as { id: string }).id;
};

describe('callers that share the service', () => {
  const everything = ['notify', 'read', 'rollback'];
  const policy = new Policy();
  let service: Service;
  let provider: IdentityProvider;
  let running: string;

  const rulesOfPipelines = [{ claims: { repository_id: '123456' }, containers: ['*'], actions: ['notify', 'read'] }];
  const grantAll = (without?: TokenName, rules = rulesOfPipelines): void => {
    const grants: Record<TokenName, Grant> = {
      ci: { containers: ['*'], actions: ['notify', 'read'] },
      other: { containers: ['*'], actions: ['notify', 'read'] },
      operator: { containers: ['*'], actions: everything },
    };
    const present = Object.entries(grants).filter(([id]) => id !== without);
    policy.write(Object.fromEntries(present), {
      oidc: [
        {
          issuer: provider.issuer,
          audience: provider.audience,
          clockTolerance: '0s',
          keys: { keys: [provider.publicJwk] },
          rules,
        },
      ].filter(() => rules.length > 0),
    });
  };
  const as = (token: string, path: string, method = 'GET'): Promise<Response> =>
    service.fetch(path, { method, headers: { Authorization: `Bearer ${token}` } });
  const follow = (token: string): Promise<Response> => as(token, `/deployments/${running}/events`);
  /** Until the stream ends, or breaks off. */
  const ended = (response: Response): Promise<true> =>
    response.text().then(
      () => true,
      () => true,
    );

  beforeAll(async () => {
    provider = await IdentityProvider.create('https://ci.example');
  });
  beforeEach(async () => {
    grantAll();
    // Without an engine the first one runs, and waits for it; the others stay in the queue.
    service = await Service.start({
      ...policy.env,
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      ENGINE_WAIT: '60s',
      EVENT_STREAMS: '6',
      QUEUE_SIZE: '20',
      MAX_CONNECTIONS: '100',
    });
    running = await idOf(await service.notify('first'));
    await until(
      'the first one to run',
      5000,
      async () => (await service.deployment(running)).status === 'running' || undefined,
    );
  });
  afterEach(() => service.kill());

  it('one of them takes half of the event streams at the most, and the others find one', async () => {
    const { ci, other } = policy.tokens;
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(ci)));
    expect(streams.filter(({ status }) => status === 200)).toHaveLength(3);
    const refused = streams.find(({ status }) => status !== 200);
    expect([refused?.status, refused?.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused?.json()).toMatchObject({ code: 'too_many_streams' });
    const others = await follow(other);
    expect(others.status).toBe(200);
    for (const stream of [...streams, others]) await stream.body?.cancel().catch(() => undefined);
    await until('room again', 5000, async () => {
      const again = await follow(ci);
      await again.body?.cancel();
      return again.status === 200 || undefined;
    });
  });

  it.each([
    ['a token of the policy', 'ci', 45],
    ['SECRET_KEY', 'secret-key', 80],
  ])(
    'one of them, with %s, holds no connections that others need, however many of its requests wait',
    async (_, holder, most) => {
      const token = holder === 'ci' ? policy.tokens.ci : Service.secret;
      const hangUp = new AbortController();
      const answers: Response[] = [];
      for (let sent = 0; sent < 95; sent++) {
        const headers = { Authorization: `Bearer ${token}` };
        void fetch(`${service.url}/deployments/${running}?wait=50`, { headers, signal: hangUp.signal }).then(
          (answer) => answers.push(answer),
          () => undefined,
        );
      }
      await until('the refusals', 10_000, () => answers.length >= 95 - most || undefined);
      for (const path of ['/health/live', '/health']) expect((await fetch(`${service.url}${path}`)).status).toBe(200);
      expect((await as(policy.tokens.other, '/notify/api', 'POST')).status).toBe(202);
      expect((await as(policy.tokens.operator, `/deployments/${running}`)).status).toBe(200);
      const streams = await Promise.all([follow(policy.tokens.other), follow(policy.tokens.operator)]);
      expect(streams.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 95 - most }, () => 503));
      expect(await answers[0]?.json()).toMatchObject({ code: 'too_many_connections' });
      expect(answers[0]?.headers.has('retry-after')).toBe(true);
      hangUp.abort();
      await until(
        'room again',
        5000,
        async () => (await as(token, `/deployments/${running}`)).status === 200 || undefined,
      );
    },
  );

  it('one of them gives back all that it took when it hangs up, also with many requests on one connection', async () => {
    const { ci, other } = policy.tokens;
    const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ci}\r\n\r\n`;
    const socket = connect(service.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      request(`/deployments/${running}/events`).repeat(20) + request(`/deployments/${running}?wait=50`).repeat(60),
    );
    await once(socket, 'data');
    await setTimeout(500);
    await until('no more streams', 5000, async () => {
      const answer = await follow(ci);
      if (answer.status === 503) return true;
      await answer.body?.cancel();
      return undefined;
    });
    expect((await as(other, `/deployments/${running}`)).status).toBe(200);
    socket.destroy();
    await until('streams again', 5000, async () => {
      const answers = await Promise.all([follow(ci), follow(ci), follow(ci)]);
      const isFree = answers.every(({ status }) => status === 200);
      for (const answer of answers) void answer.body?.cancel().catch(() => undefined);
      return isFree || undefined;
    });
  });

  it('a stream and a wait end when their token is taken out of the policy, and others go on', async () => {
    const { ci, other } = policy.tokens;
    const [revoked, stays] = [await follow(ci), await follow(other)];
    const waits = as(ci, `/deployments/${running}?wait=50`);
    const notifies = as(ci, '/notify/web?wait=50', 'POST');
    let isOver = false;
    void ended(stays).then(() => (isOver = true));
    grantAll('ci');
    expect(await until('the end of the stream', 10_000, () => ended(revoked))).toBe(true);
    for (const answer of [await waits, await notifies]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('invalid_token');
      expect(await answer.json()).toMatchObject({ code: 'unauthorized' });
    }
    expect(isOver).toBe(false);
    // What was accepted goes on.
    expect(await service.list('?container=web')).toMatchObject([{ status: 'queued' }]);
    expect((await follow(ci)).status).toBe(401);
  });

  it('a stream ends when its caller may no longer read the container', async () => {
    const stream = await follow(policy.tokens.ci);
    policy.write({ ci: { containers: ['*'], actions: ['notify'] } });
    expect(await until('its end', 10_000, () => ended(stream))).toBe(true);
  });

  it.each<[string, (rules: typeof rulesOfPipelines) => typeof rulesOfPipelines]>([
    ['its rule grants other containers', (rules) => rules.map((rule) => ({ ...rule, containers: ['other'] }))],
    ['its rule grants less', (rules) => rules.map((rule) => ({ ...rule, actions: ['read'] }))],
    ['its rule is taken out', () => [{ claims: { repository_id: '9' }, containers: ['*'], actions: ['read'] }]],
    ['its issuer is taken out', () => []],
  ])('a stream and a wait of a pipeline end when %s, and those of others go on', async (_, change) => {
    const token = await provider.token();
    keepSecret(token);
    const [stream, stays] = [await follow(token), await follow(policy.tokens.other)];
    expect([stream.status, stays.status]).toEqual([200, 200]);
    const wait = as(token, `/deployments/${running}?wait=50`);
    const notify = as(token, '/notify/web?wait=50', 'POST');
    let isOver = false;
    void ended(stays).then(() => (isOver = true));
    await until('the notify', 5000, async () => (await service.list('?container=web')).length > 0 || undefined);
    grantAll(undefined, change(rulesOfPipelines));
    const changed = performance.now();
    expect(await until('the end of the stream', 10_000, () => ended(stream))).toBe(true);
    expect([(await wait).status, (await notify).status]).toEqual([401, 401]);
    expect(performance.now() - changed).toBeLessThan(5000);
    expect(isOver).toBe(false);
  });

  it('a stream ends when its identity token expires', async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await provider.token({ exp: now + 4 });
    keepSecret(token);
    const stream = await follow(token);
    expect(stream.status).toBe(200);
    const text = await until('its end', 15_000, () => stream.text());
    expect(text).toContain('event: snapshot');
    expect(text).not.toContain('event: done');
    expect(Math.floor(Date.now() / 1000)).toBeGreaterThanOrEqual(now + 4);
  });

  it('a stream ends when its token expires', async () => {
    const expires = new Date(Date.now() + 4000).toISOString();
    policy.write({ ci: { containers: ['*'], actions: ['read'], expires } });
    const stream = await until('the new policy', 5000, async () => {
      const answer = await follow(policy.tokens.ci);
      return answer.status === 200 ? answer : undefined;
    });
    expect(await until('its end', 15_000, () => ended(stream))).toBe(true);
  });

  it('only who may roll back cancels a rollback, and only who may notify cancels a notify', async () => {
    const { ci, operator } = policy.tokens;
    const rollback = await idOf(await as(operator, '/rollback/web', 'POST'));
    const refused = await as(ci, `/deployments/${rollback}`, 'DELETE');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toContain('scope="rollback"');
    expect(await refused.json()).toMatchObject({ code: 'insufficient_scope' });
    expect((await service.deployment(rollback)).status).toBe('queued');
    await service.logged(
      ({ context, result, action }) => context === 'Audit' && result === 'denied' && action === 'rollback',
    );
    const notify = await idOf(await as(ci, '/notify/web', 'POST'));
    policy.write({
      ci: { containers: ['web'], actions: ['notify'] },
      other: { containers: ['api'], actions: everything },
      operator: { containers: ['web'], actions: ['rollback'] },
    });
    await until(
      'the new policy',
      5000,
      async () => (await as(policy.tokens.other, `/deployments/${rollback}`, 'DELETE')).status === 404 || undefined,
    );
    expect((await as(operator, `/deployments/${notify}`, 'DELETE')).status).toBe(403);
    expect((await as(ci, `/deployments/${rollback}`, 'DELETE')).status).toBe(403);
    expect((await as(operator, `/deployments/${rollback}`, 'DELETE')).status).toBe(200);
    expect((await as(ci, `/deployments/${notify}`, 'DELETE')).status).toBe(200);
  });

  it('one of them leaves as many places in the queue as it has, whatever it asks for', async () => {
    const { ci, other } = policy.tokens;
    const answers = await Promise.all(
      // Fewer than MAX_CONNECTIONS: whoever is not admitted yet makes room for others.
      Array.from({ length: 60 }, (_, index) => as(ci, `/notify/c${index}?digest=${randomDigest()}`, 'POST')),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(10);
    const refused = answers.find(({ status }) => status !== 202);
    expect([refused?.status, refused?.headers.has('retry-after')]).toEqual([503, true]);
    expect(await refused?.json()).toMatchObject({ code: 'queue_full' });
    expect((await as(other, '/notify/api', 'POST')).status).toBe(202);
    // The holder of SECRET_KEY has all that is left.
    const operators = await Promise.all(Array.from({ length: 20 }, (_, index) => service.notify(`operator-${index}`)));
    expect(operators.filter(({ status }) => status === 202)).toHaveLength(9);
  });
});

describe('a caller in a loop', () => {
  const policy = new Policy();
  let service: Service;
  let provider: IdentityProvider;

  beforeAll(async () => {
    provider = await IdentityProvider.create('https://ci.example');
    const { issuer, audience, publicJwk } = provider;
    const rules = [{ claims: { repository_id: '123456' }, containers: ['*'], actions: ['notify'] }];
    policy.write(
      {
        ci: { containers: ['web'], actions: ['notify', 'read'] },
        other: { containers: ['web', 'api'], actions: ['notify', 'read'] },
      },
      { oidc: [{ issuer, audience, keys: { keys: [publicJwk] }, rules }] },
    );
  });
  // Each of them begins with lines that nobody has had.
  beforeEach(async () => {
    const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock', ENGINE_WAIT: '60s' };
    service = await Service.start({ ...policy.env, ...noEngine, LOG_LEVEL: 'info' });
  });
  afterEach(() => service.kill());

  /** Sends so many requests, 20 at once. @returns the statuses that were answered */
  async function flood(tokens: string[], path: string, method: string): Promise<Set<number>> {
    const statuses = new Set<number>();
    const left = [...tokens];
    const sender = async (): Promise<void> => {
      for (let token = left.pop(); token !== undefined; token = left.pop()) {
        const answer = await service.fetch(path, { method, headers: { Authorization: `Bearer ${token}` } });
        await answer.arrayBuffer();
        statuses.add(answer.status);
      }
    };
    await Promise.all(Array.from({ length: 20 }, sender));
    return statuses;
  }
  const times = (token: string): string[] => Array.from({ length: 1500 }, () => token);

  it.each<[string, string, string, number]>([
    ['reads', '/deployments', 'GET', 200],
    ['asks for what it may not do', '/rollback/web', 'POST', 403],
    ['notifies a container of others', '/notify/api', 'POST', 403],
    ['uses a wrong method', '/notify/web', 'PUT', 405],
    ['sends a wrong query', '/notify/web?x=1', 'POST', 400],
    ['notifies one container', '/notify/web', 'POST', 202],
  ])(
    'that %s writes few lines, and hides nobody else',
    async (_, path, method, status) => {
      const before = service.output.length;
      expect(await flood(times(policy.tokens.ci), path, method)).toEqual(new Set([status]));
      // The minute may turn meanwhile.
      expect(service.output.length - before).toBeLessThan(2 * (2 * 130 + 30));
      const thinned = await service.logged(({ context, count }) => context === 'Audit' && count === 1024);
      expect(thinned).toMatchObject({ who: 'ci' });
      const headers = { Authorization: `Bearer ${policy.tokens.other}`, 'X-Request-Id': 'of-another' };
      expect((await service.fetch('/notify/api', { method: 'POST', headers })).status).toBe(202);
      for (const context of ['Audit', 'Notify', 'Http'])
        await service.logged((line) => line.context === context && line.requestId === 'of-another');
    },
    60_000,
  );

  it('has a line for each notify that was accepted, with who joined it', async () => {
    await flood(times(policy.tokens.ci), '/deployments', 'GET');
    const notify = async (container: string, token: string): Promise<string> =>
      idOf(
        await service.fetch(`/notify/${container}`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } }),
      );
    const token = await provider.token();
    keepSecret(token);
    await notify('api', policy.tokens.other);
    const id = await notify('web', policy.tokens.ci);
    for (const each of [policy.tokens.other, token]) expect(await notify('web', each)).toBe(id);
    for (const requestedBy of ['ci', 'other', 'acme/web#42'])
      await service.logged((line) => line.deploymentId === id && line.requestedBy === requestedBy);
    const ofPipeline = await service.logged((line) => line.requestedBy === 'acme/web#42');
    expect(ofPipeline).toMatchObject({ issuer: provider.issuer, repository: 'acme/web', run: '42', coalesced: true });
  }, 60_000);

  it('with tokens of any repository of a public issuer, none of which may do anything, writes few lines', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 600 }, (_, at) =>
        provider.token({ repository_id: String(at), repository: `evil/repo-${at}`, sub: `repo:evil/repo-${at}` }),
      ),
    );
    const before = service.output.length;
    expect(await flood(tokens, '/notify/web', 'POST')).toEqual(new Set([403]));
    expect(service.output.length - before).toBeLessThan(2 * (2 * 130));
    const known = await provider.token();
    keepSecret(known, ...tokens);
    const headers = { Authorization: `Bearer ${known}`, 'X-Request-Id': 'of-known' };
    expect((await service.fetch('/notify/web', { method: 'POST', headers })).status).toBe(202);
    await service.logged(({ context, requestId }) => context === 'Audit' && requestId === 'of-known');
  }, 60_000);
});

describeOnEngine('a token that asks for digests that nobody has', () => {
  const policy = new Policy();
  let registry: RegistryProxy;
  let service: Service;
  let flooded: App;
  let other: App;
  let image: string;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry);
    flooded = await runApp(`${registry.host}/${uniqueName('flooded')}:latest`, { version: 'v1' });
    image = `${registry.host}/${uniqueName('other')}:latest`;
    other = await runApp(image, { version: 'v1' });
    policy.write({
      ci: { containers: [flooded.name], actions: ['notify'] },
      other: { containers: [other.name, flooded.name], actions: ['notify', 'read'] },
    });
    service = await Service.start({ ...policy.env, DOCKER_HOST: testEnvironment().dockerHost, LOG_LEVEL: 'warn' });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    registry.stop();
  });

  it('holds up no other pipeline, fills no queue, and has the registry asked a few times', async () => {
    const asked = registry.asked;
    const headers = { Authorization: `Bearer ${policy.tokens.ci}` };
    const ids: string[] = [];
    const sender = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count; sent++) {
        const path = `/notify/${flooded.name}?digest=${randomDigest()}`;
        ids.push(await idOf(await service.fetch(path, { method: 'POST', headers })));
      }
    };
    await Promise.all(Array.from({ length: 11 }, () => sender(100)));
    await publish(docker, image, { version: 'v2' });
    const digest = await registry.digestOf(image);
    const others = { method: 'POST', headers: { Authorization: `Bearer ${policy.tokens.other}` } };
    const started = performance.now();
    const id = await idOf(await service.fetch(`/notify/${other.name}?digest=${digest}`, others));
    const begun = await until('its beginning', 10_000, async () => (await service.deployment(id)).startedAt);
    expect(begun).toBeDefined();
    expect(performance.now() - started).toBeLessThan(5000);
    expect(await service.settled(id)).toMatchObject({ status: 'succeeded', result: 'updated', digest });
    expect(await versionAt(other.port)).toBe('v2');
    const waiting = await service.list(`?container=${flooded.name}&status=queued&limit=200`);
    expect(waiting.length).toBeLessThanOrEqual(4);
    const ended = await service.list(`?container=${flooded.name}&status=failed&limit=200`);
    expect(ended.map(({ error }) => error?.code)).toContain('superseded');
    expect(ended.find(({ attempts }) => attempts === 0)).toMatchObject({
      error: { code: 'superseded', supersededBy: { digest: expect.stringMatching(/^sha256:/) as unknown } },
    });
    // Another pipeline of that very container waits for no more than the looks that are under way.
    const same = await idOf(await service.fetch(`/notify/${flooded.name}`, others));
    expect(await service.settled(same)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    expect(registry.asked - asked).toBeLessThan(60);
    expect(ids).toHaveLength(1100);
  }, 180_000);

  it('does not keep a digest that has come from being found', async () => {
    const reference = `${registry.host}/${uniqueName('slow')}:latest`;
    const app = await runApp(reference, { version: 'v1' });
    await registry.hold(reference);
    await publish(docker, reference, { version: 'v2' });
    const digest = await registry.digestOf(reference);
    const notify = async (expected: string): Promise<string> =>
      idOf(await service.fetch(`/notify/${app.name}?digest=${expected}`, { method: 'POST' }));
    for (let count = 0; count < 20; count++) await notify(randomDigest());
    const id = await notify(digest);
    await until('some looks', 20_000, async () => ((await service.deployment(id)).attempts > 1 ? true : undefined));
    registry.release(reference);
    const found: Deployment = await service.settled(id, 40_000);
    expect(found).toMatchObject({ status: 'succeeded', result: 'updated', digest });
  }, 120_000);
});

describeOnEngine('a token that notifies in a loop', () => {
  const policy = new Policy();
  let registry: RegistryProxy;
  let service: Service;
  let app: App;
  let other: App;
  let image: string;

  beforeAll(async () => {
    registry = await RegistryProxy.start(testEnvironment().registry);
    image = `${registry.host}/${uniqueName('looped')}:latest`;
    app = await runApp(image, { version: 'v1' });
    other = await runApp(`${registry.host}/${uniqueName('other')}:latest`, { version: 'v1' });
    policy.write({
      ci: { containers: [app.name], actions: ['notify'] },
      other: { containers: [app.name, other.name], actions: ['notify', 'read'] },
    });
    service = await Service.start({ ...policy.env, DOCKER_HOST: testEnvironment().dockerHost, LOG_LEVEL: 'info' });
    await service.ready();
  });
  afterAll(async () => {
    await service.stop();
    registry.stop();
  });

  it('has the engine pull less and less often, holds up no other container, and loses no update', async () => {
    const headers = { Authorization: `Bearer ${policy.tokens.ci}` };
    const others = { method: 'POST', headers: { Authorization: `Bearer ${policy.tokens.other}` } };
    const ids = new Set<string>();
    let isOver = false;
    const loop = async (): Promise<void> => {
      while (!isOver) ids.add(await idOf(await service.fetch(`/notify/${app.name}`, { method: 'POST', headers })));
    };
    const looping = loop();
    const slowed = await until('its slowing down', 60_000, async () =>
      (await service.list(`?container=${app.name}&status=queued`)).find(({ retries }) => retries),
    );
    expect(slowed).toMatchObject({ retries: [{ code: 'paced' }] });
    const before = service.logs.filter(({ message }) => message === `${app.name}: pull`).length;
    expect(before).toBeGreaterThanOrEqual(30);
    await setTimeout(8000);
    const pulls = service.logs.filter(({ message }) => message === `${app.name}: pull`).length - before;
    expect(pulls).toBeLessThan(6);
    const began = performance.now();
    const id = await idOf(await service.fetch(`/notify/${other.name}`, others));
    expect(await service.settled(id)).toMatchObject({ result: 'up_to_date' });
    expect(performance.now() - began).toBeLessThan(10_000);
    await publish(docker, image, { version: 'v2' });
    const same = await idOf(await service.fetch(`/notify/${app.name}`, others));
    isOver = true;
    await looping;
    expect(await service.settled(same, 50_000)).toMatchObject({ status: 'succeeded', result: 'updated' });
    // What changes something lets all go at once again.
    const again = await idOf(await service.fetch(`/notify/${app.name}`, others));
    expect(await service.settled(again, 5000)).toMatchObject({ result: 'up_to_date', attempts: 1 });
  }, 180_000);
});
