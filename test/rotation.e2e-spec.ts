import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itExtended } from './support/runner/extent.js';
import { keepSecret } from './support/runner/secrecy.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** A secret as Kubernetes mounts it: `token` → `..data/token`, and `..data` → a folder, which is exchanged in one step. */
class MountedSecret {
  readonly path: string;
  private folder: string | undefined;

  constructor(private readonly root: string) {
    this.path = join(root, 'token');
    this.replace();
    symlinkSync('..data/token', this.path);
  }

  get token(): string {
    return readFileSync(this.path, 'utf8').trim();
  }

  replace(): string {
    const token = randomBytes(24).toString('base64url');
    keepSecret(token);
    const name = `..${randomBytes(4).toString('hex')}`;
    mkdirSync(join(this.root, name));
    writeFileSync(join(this.root, name, 'token'), `${token}\n`);
    symlinkSync(name, join(this.root, '..data_tmp'));
    renameSync(join(this.root, '..data_tmp'), join(this.root, '..data'));
    if (this.folder !== undefined) rmSync(join(this.root, this.folder), { recursive: true });
    this.folder = name;
    return token;
  }
}

const noEngine = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };

describe.each(['SECRET_KEY_FILE', 'a token of the policy'])('the rotation of %s under load', (where) => {
  let secret: MountedSecret;
  let service: Service;

  beforeAll(async () => {
    const root = mkdtempSync(join(tmpdir(), 'rotation-'));
    secret = new MountedSecret(root);
    const policy = join(root, 'policy.yaml');
    writeFileSync(
      policy,
      `tokens:\n  - { id: ci, file: ${secret.path}, containers: ['*'], actions: [notify, read] }\n`,
    );
    service = await Service.start({
      ...noEngine,
      SECRET_KEY: '',
      LOG_LEVEL: 'warn',
      AUTH_FAILURES_PER_MINUTE: '20',
      ...(where === 'SECRET_KEY_FILE' ? { SECRET_KEY_FILE: secret.path } : { POLICY_PATH: policy }),
    });
  });
  afterAll(() => service.stop());

  const statusWith = async (token: string): Promise<number> => {
    const response = await service.fetch('/deployments/x', { headers: { Authorization: `Bearer ${token}` } });
    await response.arrayBuffer();
    return response.status;
  };

  it('refuses no valid request, while others send bad tokens', async () => {
    const refused: number[] = [];
    let answered = 0;
    let isOver = false;
    const caller = async (): Promise<void> => {
      while (!isOver) {
        const status = await statusWith(secret.token);
        if (status !== 404) refused.push(status);
        answered += 1;
      }
    };
    const intruder = async (): Promise<void> => {
      while (!isOver) expect([401, 429]).toContain(await statusWith('not-a-token-of-anybody'));
    };
    const load = Promise.all([caller(), caller(), caller(), caller(), intruder()]);
    for (let rotation = 0; rotation < 10; rotation++) {
      const before = answered;
      await until('requests with the present token', 20_000, () => answered >= before + 20 || undefined);
      secret.replace();
    }
    isOver = true;
    await load;
    expect(refused).toEqual([]);
    expect(answered).toBeGreaterThanOrEqual(200);
  });

  it('takes the value that was replaced for a while, and none before it', async () => {
    const first = secret.replace();
    expect(await statusWith(first)).toBe(404);
    expect(await statusWith(secret.replace())).toBe(404);
    expect(await statusWith(first)).toBe(404);
    expect(await statusWith(secret.replace())).toBe(404);
    expect([401, 429]).toContain(await statusWith(first));
  });
});

describe('streams and waits of a value of SECRET_KEY_FILE that was replaced', () => {
  /** As SecretFile accepts it, with the time for a look and a slow machine. */
  const graceMs = 60_000;
  const lookMs = 10_000;
  let secret: MountedSecret;
  let service: Service;
  let id: string;

  beforeAll(async () => {
    secret = new MountedSecret(mkdtempSync(join(tmpdir(), 'rotation-')));
    // Without an engine the deployment waits for it.
    service = await Service.start({ ...noEngine, SECRET_KEY: '', SECRET_KEY_FILE: secret.path, ENGINE_WAIT: '10m' });
    const notify = await service.fetch('/notify/web', { method: 'POST', headers: as(secret.token) });
    expect(notify.status).toBe(202);
    ({ id } = (await notify.json()) as { id: string });
  });
  afterAll(() => service.kill());

  const as = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

  /** A stream, a wait for a deployment and one for a notify, and when each of them ended. */
  async function open(token: string): Promise<{ ended: Map<string, number>; statuses: number[]; text: string[] }> {
    const opened = { ended: new Map<string, number>(), statuses: [] as number[], text: [] as string[] };
    const note = (name: string): void => {
      opened.ended.set(name, performance.now());
    };
    const stream = await service.fetch(`/deployments/${id}/events`, { headers: as(token) });
    expect(stream.status).toBe(200);
    void stream.text().then(
      (text) => {
        opened.text.push(text);
        note('stream');
      },
      () => {
        note('stream');
      },
    );
    for (const [path, method] of [
      [`/deployments/${id}?wait=300`, 'GET'],
      ['/notify/web?wait=300', 'POST'],
    ] as const)
      void service.fetch(path, { method, headers: as(token) }).then(
        ({ status }) => {
          opened.statuses.push(status);
          note(method);
        },
        () => {
          note(method);
        },
      );
    return opened;
  }

  it('end at once when the value is replaced a second time', async () => {
    const old = await open(secret.token);
    secret.replace();
    // The service has to see each of them.
    await until('the second value', lookMs, async () => {
      const answer = await service.fetch(`/deployments/${id}`, { headers: as(secret.token) });
      return answer.ok || undefined;
    });
    const stays = await open(secret.token);
    expect(old.ended.size).toBe(0);
    secret.replace();
    await until('their end', lookMs, () => old.ended.size === 3 || undefined);
    expect(old.statuses).toEqual([401, 401]);
    expect(stays.ended.size).toBe(0);
  }, 60_000);

  itExtended(
    'end within the grace, and not before',
    async () => {
      const old = await open(secret.token);
      const replaced = performance.now();
      secret.replace();
      await until('the new value', lookMs, async () => {
        const answer = await service.fetch(`/deployments/${id}`, { headers: as(secret.token) });
        return answer.ok || undefined;
      });
      const stays = await open(secret.token);
      await until('their end', graceMs + lookMs, () => old.ended.size === 3 || undefined);
      expect(old.statuses).toEqual([401, 401]);
      expect(old.text.join()).toContain('event: snapshot');
      expect(old.text.join()).not.toContain('event: done');
      for (const at of old.ended.values()) {
        expect(at - replaced).toBeGreaterThan(graceMs - 1000);
        expect(at - replaced).toBeLessThan(graceMs + lookMs);
      }
      expect(stays.ended.size).toBe(0);
    },
    120_000,
  );
});

describe('the policy file, while the service runs', () => {
  it('is taken when it changes, refused with the reason where it is wrong, and can freeze everything', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.yaml');
    const grant = (name: string): string =>
      `tokens: [{ id: ci, env: CI_TOKEN, containers: [${name}], actions: [notify, rollback] }]\n`;
    writeFileSync(path, grant('web'));
    const token = 'the-token-of-the-environment';
    keepSecret(token);
    const service = await Service.start({ ...noEngine, SECRET_KEY: '', POLICY_PATH: path, CI_TOKEN: token });
    const ask = async (kind: 'notify' | 'rollback', container: string): Promise<[number, unknown]> => {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await service.fetch(`/${kind}/${container}`, { method: 'POST', headers });
      return [response.status, ((await response.json()) as { code?: string; detail?: string }).detail];
    };
    const statusOf = async (container: string): Promise<number> => (await ask('notify', container))[0];
    try {
      expect([await statusOf('web'), await statusOf('api')]).toEqual([202, 403]);
      writeFileSync(path, grant('api'));
      await until('the new policy', 5000, async () => (await statusOf('api')) === 202 || undefined);
      expect(await statusOf('web')).toBe(403);
      writeFileSync(path, 'tokens: nobody\n');
      await until('the refusal', 5000, async () => {
        expect(await statusOf('api')).toBe(202);
        return service.logs.find(({ message, level }) => level === 'error' && message.includes('is refused'));
      });
      writeFileSync(path, `${grant('api')}frozen: true\nreason: no releases until Monday\n`);
      await until('the freeze', 5000, async () => {
        const [status, detail] = await ask('notify', 'api');
        if (status !== 503) return undefined;
        expect(detail).toContain('no releases until Monday');
        return true;
      });
      expect(await ask('rollback', 'api')).toEqual([503, expect.stringContaining('no releases until Monday')]);
      expect(await statusOf('web')).toBe(403);
    } finally {
      await service.stop();
    }
  });

  it.each([
    ['is missing', undefined, 'cannot be read (ENOENT)'],
    ['is wrong', 'tokens: [{ id: ci, actions: [read], containers: [web] }]', 'exactly one of file, env and sha256'],
  ])('keeps the service from starting where it %s', async (_, text, reason) => {
    const path = join(mkdtempSync(join(tmpdir(), 'policy-')), 'policy.yaml');
    if (text !== undefined) writeFileSync(path, text);
    const { code, output } = await Service.failToStart({ POLICY_PATH: path, LOG_LEVEL: 'error' });
    expect(code).toBe(1);
    expect(output).toContain(reason);
    expect(output).not.toMatch(/^\s+at /m);
  });
});
