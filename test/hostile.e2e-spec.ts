import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { runApp } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { FakeEngine, neverAnswer } from './support/engine/fake-engine.js';
import { publish } from './support/fixtures/images.js';
import { freePort } from './support/registry/registry.js';
import { keepSecret } from './support/runner/secrecy.js';
import { rawRequest } from './support/service/raw-http.js';
import { note, writeReport } from './support/runner/report.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';

/** `npm run test:hostile` does all of it; `npm test` a sample. */
const isWhole = process.env.TEST_HOSTILE === 'all';
const badTokens = isWhole ? 50_000 : 1000;
const unknownAddresses = isWhole ? 50_000 : 2000;
const idleConnections = isWhole ? 5000 : 1000;
const floodedNotifies = isWhole ? 1100 : 700;
const hostileLabels = isWhole ? 100_000 : 20_000;
const hostileLogBytes = isWhole ? 1e9 : 5e7;
const mostGrowthKib = 200 * 1024;

const openFiles = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0);
const itWithEnoughFiles = openFiles > idleConnections + 1000 ? it : it.skip;

afterAll(() => {
  if (isWhole)
    writeReport('docs/hostile-networks.md', {
      title: 'Hostile networks',
      about:
        'Written by `npm run test:hostile`, which attacks the service as it runs in production, from the network, by containers and images, and by what happens to its host. After each attack it must answer valid callers, and keep its memory.',
      columns: ['attack', 'what came of it'],
    });
});

/** Resident, in KiB. */
const memoryKib = (service: Service): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))?.[1]);

describe('a hostile network', () => {
  let service: Service;
  let memoryAtStart: number;
  let mostGrown = 0;

  beforeAll(async () => {
    service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', LOG_LEVEL: 'info' });
    for (let warming = 0; warming < 50; warming++) await validCall();
    memoryAtStart = memoryKib(service);
  });
  afterAll(() => service.stop());

  const validCall = async (): Promise<number> => {
    const response = await service.fetch('/deployments/x');
    await response.arrayBuffer();
    return response.status;
  };

  const expectToBeWell = async (): Promise<void> => {
    expect(await validCall()).toBe(404);
    expect((await service.notify('web')).status).toBe(202);
    const grown = memoryKib(service) - memoryAtStart;
    mostGrown = Math.max(mostGrown, grown);
    expect(grown).toBeLessThan(mostGrowthKib);
    // That there is no engine is told by the worker.
    const complaints = service.logs.filter(({ level, context }) => /fatal|error/.test(level) && context !== 'Worker');
    expect(complaints).toEqual([]);
  };

  it('bad tokens as fast as they can be sent are answered 401 and then 429, and valid callers are served', async () => {
    const statuses = new Map<number, number>();
    let sent = 0;
    const sender = async (): Promise<void> => {
      while (sent++ < badTokens) {
        const headers = { Authorization: `Bearer wrong-${sent}` };
        const response = await service.fetch('/notify/web', { method: 'POST', headers });
        await response.arrayBuffer();
        statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
        if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    };
    const valid: number[] = [];
    const caller = async (): Promise<void> => {
      while (sent < badTokens) valid.push(await validCall());
    };
    await Promise.all([...Array.from({ length: 20 }, sender), caller(), caller()]);
    expect([...statuses.keys()].sort()).toEqual([401, 429]);
    expect((statuses.get(401) ?? 0) + (statuses.get(429) ?? 0)).toBe(badTokens);
    expect(valid.length).toBeGreaterThan(10);
    expect(new Set(valid)).toEqual(new Set([404]));
    // A line for each of the first 60 of each minute, then at each doubling.
    const lines = service.logs.filter(({ context, result }) => context === 'Audit' && result === 'refused');
    const minutes =
      1 + Math.ceil((Date.parse(String(lines.at(-1)?.timestamp)) - Date.parse(String(lines[0]?.timestamp))) / 60_000);
    expect(lines.length).toBeLessThanOrEqual(minutes * 80);
    await expectToBeWell();
    note(
      `${badTokens} bad tokens from one address, as fast as 20 senders can`,
      `401 × ${statuses.get(401) ?? 0}, 429 × ${statuses.get(429) ?? 0}; ${valid.length} valid calls meanwhile, all served`,
    );
  }, 600_000);

  itWithEnoughFiles(
    `${idleConnections} idle connections do not keep valid callers out`,
    async () => {
      const sockets: Socket[] = [];
      try {
        for (let opened = 0; opened < idleConnections; opened += 100) {
          const batch = Array.from({ length: 100 }, () => connect(service.port, '127.0.0.1'));
          sockets.push(...batch);
          for (const socket of batch) socket.on('error', () => undefined);
          await Promise.all(batch.map((socket) => once(socket, 'connect')));
        }
        await expectToBeWell();
        note(`${idleConnections} idle connections`, 'valid callers are served');
      } finally {
        for (const socket of sockets) socket.destroy();
      }
    },
    120_000,
  );

  it('probes and valid callers are answered while others hold all connections, from one process or of many files', async () => {
    const small = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', MAX_CONNECTIONS: '255' });
    const sockets: Socket[] = [];
    try {
      for (const data of ['', 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'POST /notify/web HTTP/1.1\r\n'])
        for (let opened = 0; opened < 300; opened++) {
          const socket = connect(small.port, '127.0.0.1');
          socket.on('error', () => undefined);
          socket.resume();
          sockets.push(socket);
          await once(socket, 'connect');
          if (data) socket.write(data);
        }
      for (const path of ['/health/live', '/health']) expect((await fetch(`${small.url}${path}`)).status).toBe(200);
      expect((await small.notify('web')).status).toBe(202);
      note(
        '255 of 255 connections held without a token, some with half a request',
        'probes and valid callers are served',
      );
    } finally {
      for (const socket of sockets) socket.destroy();
      await small.stop();
    }
  }, 60_000);

  it('a flood for unknown addresses without a token fills neither log nor memory', async () => {
    const quiet = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', LOG_LEVEL: 'info' });
    let sent = 0;
    const sender = async (): Promise<void> => {
      while (sent++ < unknownAddresses) {
        const response = await fetch(`${quiet.url}/${sent}/${'x'.repeat(2000)}`);
        expect(response.status).toBe(404);
        expect((await response.text()).length).toBeLessThan(1000);
      }
    };
    await Promise.all(Array.from({ length: 20 }, sender));
    const bytes = quiet.output.join('\n').length;
    expect(bytes).toBeLessThan(300_000);
    expect(quiet.logs.every(({ path }) => typeof path !== 'string' || path.length <= 301)).toBe(true);
    expect(quiet.logs.findLast(({ count }) => count !== undefined)?.count).toBeGreaterThan(60);
    await quiet.stop();
    note(
      `${unknownAddresses} requests for unknown addresses of 2,000 characters, without a token`,
      `${Math.round(bytes / 1000)} kB of log`,
    );
  }, 600_000);

  it('closes connections beyond MAX_CONNECTIONS, and takes new ones when others have gone', async () => {
    const small = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', MAX_CONNECTIONS: '10' });
    const sockets = Array.from({ length: 30 }, () => connect(small.port, '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.once('close', () => (closed += 1));
      socket.resume();
    }
    await until('the surplus to be closed', 10_000, () => closed >= 20 || undefined);
    for (const socket of sockets) socket.destroy();
    await small.ready(1).catch(() => undefined);
    await until('a valid call', 10_000, async () => (await small.notify('web')).status === 202 || undefined);
    await small.stop();
  });

  /** Sends on and on, until the other side has answered and hung up; answers what it said. */
  const sendUntilClosed = async (head: string, chunk: string, everyMs: number): Promise<string> => {
    const socket = connect(service.port, '127.0.0.1');
    let answer = '';
    const state = { isClosed: false };
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    socket.once('close', () => (state.isClosed = true));
    await once(socket, 'connect');
    socket.write(head);
    const deadline = performance.now() + 20_000;
    while (!state.isClosed && performance.now() < deadline) {
      if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), setTimeout(50)]);
      await setTimeout(everyMs);
    }
    expect(state.isClosed).toBe(true);
    return answer;
  };
  const authorised = `Host: x\r\nAuthorization: Bearer ${Service.secret}\r\n`;

  it('answers headers of 1 MB with 431', async () => {
    const answer = await sendUntilClosed('GET /health HTTP/1.1\r\nHost: x\r\n', `X-Long: ${'x'.repeat(65_536)}\r\n`, 0);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    await expectToBeWell();
    note('headers without end', '431, and the connection is closed');
  });

  it.each([
    ['with a good token', authorised, /^HTTP\/1\.1 413 /],
    ['without a token', 'Host: x\r\n', /^HTTP\/1\.1 (401|429) /],
  ])('answers an endless body %s, and hangs up', async (how, headers, status) => {
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`;
    const head = `POST /notify/web HTTP/1.1\r\n${headers}Transfer-Encoding: chunked\r\n\r\n`;
    expect(await sendUntilClosed(head, chunk, 0)).toMatch(status);
    await expectToBeWell();
    note(`a body without end, ${how}`, 'answered, and the connection is closed');
  });

  it('answers a body that comes one byte at a time, and hangs up', async () => {
    const head = `POST /notify/web HTTP/1.1\r\n${authorised}Content-Length: 100000\r\n\r\n`;
    expect(await sendUntilClosed(head, 'x', 100)).toMatch(/^HTTP\/1\.1 408 /);
    await expectToBeWell();
    note('a body of one byte every 100 ms', '408 after 10 s, and the connection is closed');
  });

  it.each([
    ['a chunk size that is none', 'zz\r\nhello\r\n0\r\n\r\n'],
    ['a chunk longer than it says', '3\r\nhello\r\n0\r\n\r\n'],
    ['a broken chunk after a good one', '5\r\nhello\r\n-1\r\n\r\n'],
    ['nothing after a good chunk', '5\r\nhello\r\n'],
  ])('accepts no notify with a chunked body of %s', async (what, body) => {
    const name = `never-accepted-${body.length}`;
    const head = `POST /notify/${name} HTTP/1.1\r\n${authorised}Transfer-Encoding: chunked\r\n\r\n`;
    const socket = connect(service.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.end(head + body);
    await once(socket, 'close');
    expect(answer).not.toMatch(/^HTTP\/1\.1 2/);
    if (!what.startsWith('nothing')) expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await service.list(`?container=${name}`)).toEqual([]);
    note(`a notify with a chunked body of ${what}`, '400, nothing accepted');
  });

  it('accepts a notify with a good chunked body', async () => {
    const lines = ['POST /notify/web HTTP/1.1', ...authorised.trim().split('\r\n'), 'Transfer-Encoding: chunked'];
    expect((await rawRequest(service.port, lines, '5\r\nhello\r\n0\r\n\r\n')).status).toBe(202);
  });

  it('lets the sender of a body within the limit read the answer, on a connection that stays', async () => {
    const body = 'x'.repeat(1024 * 1024);
    const { status } = await rawRequest(
      service.port,
      ['POST /notify/web HTTP/1.1', ...authorised.trim().split('\r\n'), `Content-Length: ${body.length}`],
      body,
    );
    expect(status).toBe(202);
  });

  it.each([
    '/notify/../health/../notify/web',
    '/notify/..%2f..%2fetc%2fpasswd',
    '/notify/%2e%2e/%2e%2e/deployments',
    '//notify//web',
    '/notify/web/../../x',
    '/notify/web%00',
    '/notify/web;x=1',
    '/notify/web#x',
    '/NOTIFY/web',
    '/notify/web?token=x',
    '/notify/\\web',
    '/%6eotify/web',
    '/health/../notify/web',
    '/health/live/%2e%2e/%2e%2e/notify/web',
    'http://evil.example/notify/web',
    '*',
    '/deployments/..%2f..%2fnotify%2fweb',
    '/deployments/%',
    '/notify/a*3000',
    '/a/*5000',
    '/notify/web?a=1&*1000',
  ])('answers the path %j without credentials with a clean 4xx', async (short) => {
    const path = short.replace(/(a[/=1&]*)\*(\d+)$/, (_, part: string, times: string) => part.repeat(Number(times)));
    for (const method of ['POST', 'GET', 'OPTIONS']) {
      const { status } = await rawRequest(service.port, [`${method} ${path} HTTP/1.1`, 'Host: x', 'Content-Length: 0']);
      expect([400, 401, 404, 405, 414, 429]).toContain(status);
    }
    note(`the path \`${short.replaceAll('|', '')}\`, three methods`, 'a clean 4xx');
  });

  it.each([
    ['no HTTP at all', ['hello']],
    ['no host', ['POST /notify/web HTTP/1.1']],
    ['two hosts', ['POST /notify/web HTTP/1.1', 'Host: x', 'host: evil']],
    ['the same host twice', ['GET /health/live HTTP/1.1', 'Host: x', 'Host: x']],
    ['two lengths', ['POST /notify/web HTTP/1.1', 'Host: x', 'Content-Length: 0', 'Content-Length: 5']],
    [
      'a length and chunks',
      ['POST /notify/web HTTP/1.1', 'Host: x', 'Content-Length: 3', 'Transfer-Encoding: chunked'],
    ],
    ['a negative length', ['POST /notify/web HTTP/1.1', 'Host: x', 'Content-Length: -1']],
    ['a header without colon', ['POST /notify/web HTTP/1.1', 'Host: x', 'nonsense']],
    ['a method that is none', ['EVIL /notify/web HTTP/1.1', 'Host: x']],
    ['a fragment', ['POST /notify/web#x HTTP/1.1', ...authorised.trim().split('\r\n')]],
    ['a NUL in a header', ['POST /notify/web HTTP/1.1', 'Host: x', 'X-A: a\u0000b']],
  ])('answers a request with %s with 400', async (what, lines) => {
    expect((await rawRequest(service.port, lines)).status).toBe(400);
    note(`a request with ${what}`, '400');
  });

  it('is well after all of it', async () => {
    await expectToBeWell();
    note('all of it', `resident memory grew by ${Math.round(mostGrown / 1024)} MiB at the most, seen after each`);
  });
});

describe('behind a reverse proxy', () => {
  it('failures are throttled by the proxy as well, whatever it says in X-Forwarded-For', async () => {
    const service = await Service.start({
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      TRUST_PROXY: 'loopback',
      AUTH_FAILURES_PER_MINUTE: '5',
    });
    const statuses: number[] = [];
    for (let sent = 0; sent < 20; sent++) {
      const headers = { Authorization: 'Bearer wrong', 'X-Forwarded-For': `203.0.113.${sent}` };
      statuses.push((await service.fetch('/deployments/x', { headers })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), ...Array.from({ length: 10 }, () => 429)]);
    const valid = await service.fetch('/deployments/x', { headers: { 'X-Forwarded-For': '203.0.113.1' } });
    expect(valid.status).toBe(404);
    await service.stop();
  });

  const fromOf = async (trust: string, forwarded: string): Promise<unknown> => {
    const service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', TRUST_PROXY: trust });
    await service.fetch('/deployments/x', { headers: { 'X-Forwarded-For': forwarded } });
    const line = await service.logged(({ context }) => context === 'Audit');
    await service.stop();
    return line.from;
  };

  it.each([
    ['', '203.0.113.7', '127.0.0.1'],
    ['10.0.0.0/8', '203.0.113.7', '127.0.0.1'],
    ['loopback', '203.0.113.7', '203.0.113.7'],
    // What a client puts in front is not believed: the last one is the proxy's.
    ['127.0.0.1', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
  ])('with TRUST_PROXY=%j and %j, a call comes from %s', async (trust, forwarded, from) => {
    expect(await fromOf(trust, forwarded)).toBe(from);
  });
});

describe('a hostile token', () => {
  const tokens = Object.fromEntries(['hostile', 'other'].map((id) => [id, randomBytes(24).toString('base64url')])) as {
    hostile: string;
    other: string;
  };
  keepSecret(...Object.values(tokens));
  const headersOf = (token: string) => ({ Authorization: `Bearer ${token}` });
  let service: Service;

  const writePolicy = (): string => {
    const path = join(mkdtempSync(join(tmpdir(), 'hostile-')), 'policy.json');
    const grants = Object.keys(tokens).map((id) => ({ id, env: id, containers: ['*'], actions: ['notify', 'read'] }));
    writeFileSync(path, JSON.stringify({ tokens: grants }));
    return path;
  };

  beforeAll(async () => {
    // Without an engine the first deployment runs, and waits for it; the others stay in the queue.
    service = await Service.start({
      ...tokens,
      POLICY_PATH: writePolicy(),
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      ENGINE_WAIT: '10m',
      LOG_LEVEL: 'warn',
    });
  });
  afterAll(() => service.kill());

  const notifyAs = (token: string, path: string): Promise<Response> =>
    service.fetch(`/notify/${path}`, { method: 'POST', headers: headersOf(token) });

  it('keeps nobody out of the queue by random digests for one container, nor by as many containers as it likes', async () => {
    for (let sent = 0; sent < floodedNotifies; sent++) {
      const response = await notifyAs(tokens.hostile, `web?digest=sha256:${randomBytes(32).toString('hex')}`);
      await response.arrayBuffer();
      expect(response.status).toBe(202);
    }
    expect((await service.list('?container=web&status=queued&limit=200')).length).toBeLessThanOrEqual(4);
    let accepted = 0;
    for (let sent = 0; sent < floodedNotifies; sent++) {
      const response = await notifyAs(tokens.hostile, `made-up-${sent}`);
      await response.arrayBuffer();
      expect([202, 503]).toContain(response.status);
      if (response.status === 202) accepted += 1;
    }
    expect(accepted).toBeLessThan(600);
    expect((await notifyAs(tokens.other, 'api')).status).toBe(202);
    note(
      `${floodedNotifies} notifies with random digests for one container and ${floodedNotifies} for made-up ones, by one token`,
      `${accepted} of the latter accepted, and another token finds a place`,
    );
  }, 120_000);

  it('keeps nobody from following deployments', async () => {
    const { id } = (await (await notifyAs(tokens.other, 'api')).json()) as { id: string };
    const follow = (token: string): Promise<Response> =>
      service.fetch(`/deployments/${id}/events`, { headers: headersOf(token) });
    const streams = await Promise.all(Array.from({ length: 150 }, () => follow(tokens.hostile)));
    const taken = streams.filter(({ status }) => status === 200).length;
    const other = await follow(tokens.other);
    expect([taken, other.status]).toEqual([50, 200]);
    for (const stream of [...streams, other]) await stream.body?.cancel();
    note('150 event streams of one token', `it gets ${taken} of 100, and another token finds one`);
  }, 60_000);

  it('keeps nobody from a dry run', async () => {
    const engine = await FakeEngine.start();
    engine.on('GET', /^\/containers\/[^/]+\/json/, neverAnswer);
    const path = writePolicy();
    const held = await Service.start({
      ...tokens,
      POLICY_PATH: path,
      DOCKER_HOST: engine.dockerHost,
      LOG_LEVEL: 'warn',
    });
    try {
      await held.ready();
      const begun: Promise<unknown>[] = [];
      const codes: Record<string, string[]> = { hostile: [], other: [] };
      const ask = (id: 'hostile' | 'other'): void => {
        const asked = held
          .fetch('/notify/web?dry_run=true', { method: 'POST', headers: headersOf(tokens[id]) })
          .then(async (response) => codes[id]?.push(((await response.json()) as { code: string }).code));
        begun.push(asked.catch(() => undefined));
      };
      const looks = (): number => engine.calls.filter((call) => call.includes('/containers/web/json')).length;
      for (let asked = 0; asked < 10; asked++) ask('hostile');
      await until(
        'those of the hostile token',
        10_000,
        () => (codes.hostile?.length === 8 && looks() === 2) || undefined,
      );
      ask('other');
      await until('that of the other token', 10_000, () => looks() === 3 || undefined);
      expect(codes).toEqual({ hostile: Array.from({ length: 8 }, () => 'too_many_dry_runs'), other: [] });
      note('10 dry runs at once of one token', 'two of the four places are kept for others');
    } finally {
      await held.kill();
      engine.stop();
    }
  }, 60_000);
});

describe('a hostile host', () => {
  it('does not end the service by a full disk under its log, and gets the log again when there is room', async () => {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
    const bundle = join(process.cwd(), 'bundle', 'main.cjs');
    const script = `mount -t tmpfs -o size=64k none ${folder} && exec ${process.execPath} ${bundle} >>${folder}/log 2>&1`;
    const child = spawn('unshare', ['--mount', 'sh', '-c', script], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, SECRET_KEY: Service.secret, PORT: String(port), DOCKER_HOST: 'unix:///nowhere/x' },
    });
    const headers = { Authorization: `Bearer ${Service.secret}` };
    const call = async (): Promise<number> => {
      const response = await fetch(`http://127.0.0.1:${port}/deployments/x`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    const log = `/proc/${child.pid}/root${folder}/log`;
    try {
      await until('an answer', 20_000, () => call().catch(() => undefined));
      for (let sent = 0; sent < 1000; sent++) expect(await call()).toBe(404);
      expect(statSync(log).size).toBe(65_536);
      truncateSync(log);
      // Lines of the same caller's other requests are thinned by now.
      const accepted = await fetch(`http://127.0.0.1:${port}/notify/web`, { method: 'POST', headers });
      expect(accepted.status).toBe(202);
      await until('a line', 5000, () => statSync(log).size > 0 || undefined);
      expect(child.exitCode).toBeNull();
    } finally {
      child.kill();
    }
    note('a full disk under the log', 'lines are lost, and the service works on');
  }, 60_000);

  it('does not end the service by closing its log', async () => {
    const service = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    service.closeOutput();
    for (let sent = 0; sent < 20; sent++) expect((await service.fetch('/deployments/x')).status).toBe(404);
    expect(service.isAlive).toBe(true);
    await service.stop();
    note('nobody reads the log any more', 'the service works on');
  });

  it.each([
    ['an empty file', ': > "$1"'],
    ['a FIFO', 'mkfifo "$1"'],
    ['a symbolic link to itself', 'ln -s "$1" "$1"'],
    ['a device', 'ln -s /dev/zero "$1"'],
    ['nothing', ':'],
  ])(
    'does not hang or end the service by %s in the place of the socket',
    async (what, command) => {
      const engine = await FakeEngine.start();
      const path = join(mkdtempSync(join(tmpdir(), 'hostile-')), 'docker.sock');
      const real = engine.dockerHost.replace('unix://', '');
      symlinkSync(real, path);
      const service = await Service.start({ DOCKER_HOST: `unix://${path}`, ENGINE_WAIT: '1s' });
      await service.ready();
      rmSync(path);
      execFileSync('sh', ['-c', command, 'sh', path]);
      engine.hangUp();
      await until('that it is missed', 10_000, async () => {
        const { status } = await fetch(`${service.url}/health/ready`);
        return status === 503 || undefined;
      });
      // A failed update has the service look for interrupted ones, every 30 s, before it is ready again.
      if (what === 'nothing') {
        const { status, error } = await service.update('web');
        expect([status, error?.code]).toEqual(['failed', 'engine_unreachable']);
      }
      rmSync(path, { force: true });
      symlinkSync(real, path);
      await service.ready(45_000);
      await service.stop();
      engine.stop();
      note(`${what} in the place of the engine's socket`, 'updates fail, and go on once it is back');
    },
    60_000,
  );

  it('does not hang the service by a socket that takes calls and never answers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
    const silent = createServer((socket) => socket.on('error', () => undefined)).listen(join(folder, 'docker.sock'));
    await once(silent, 'listening');
    const service = await Service.start({
      DOCKER_HOST: `unix://${join(folder, 'docker.sock')}`,
      ENGINE_WAIT: '1s',
      ENGINE_TIMEOUT: '2s',
    });
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(503);
    expect((await fetch(`${service.url}/health/live`)).status).toBe(200);
    const { status } = await service.update('web');
    expect(status).toBe('failed');
    const stopping = performance.now();
    await service.stop();
    expect(performance.now() - stopping).toBeLessThan(9000);
    note('a socket that never answers in the place of the engine', 'updates fail, and the service stops when told');
  }, 60_000);

  it('neither ends nor stretches a wait by jumps of the clock', async () => {
    const preload = join(mkdtempSync(join(tmpdir(), 'hostile-')), 'clock.cjs');
    writeFileSync(preload, jumpingClock);
    const service = await Service.start({
      DOCKER_HOST: 'unix:///nowhere/docker.sock',
      ENGINE_WAIT: '10m',
      NODE_OPTIONS: `--require ${preload}`,
    });
    for (const jump of ['ten years on', 'ten years back', 'home again']) {
      const began = performance.now();
      const waiting = service.fetch('/notify/web?wait=2', { method: 'POST' });
      await setTimeout(500);
      process.kill(service.pid, 'SIGWINCH');
      expect([jump, (await waiting).status]).toEqual([jump, 504]);
      const took = performance.now() - began;
      expect(took).toBeGreaterThan(1900);
      expect(took).toBeLessThan(6000);
      expect((await service.fetch('/deployments/x', { headers: { Authorization: 'Bearer wrong' } })).status).toBe(401);
    }
    await service.stop();
    note('the clock jumps by ten years, on and back', 'waits take as long as they should');
  }, 60_000);
});

/** Moves the clock by SIGWINCH, which Nest leaves alone: ten years on, ten years back, and home again. */
const jumpingClock = `
  const real = Date;
  const shifts = [3.15e11, -3.15e11, 0];
  let shift = 0;
  process.on('SIGWINCH', () => { shift = shifts.shift() ?? 0; });
  globalThis.Date = class extends real {
    constructor(...args) { super(...(args.length > 0 ? args : [real.now() + shift])); }
    static now() { return real.now() + shift; }
  };
`;

describeOnEngine('a hostile container', () => {
  let service: Service;
  let memoryAtStart: number;
  const updatedWithinMs = 55_000;

  beforeAll(async () => {
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      SETTLE_TIME: '200ms',
      LOG_LEVEL: 'warn',
    });
    await service.ready();
    memoryAtStart = memoryKib(service);
  });
  afterAll(() => service.stop());

  const expectToHaveKeptItsMemory = (): void => {
    expect(memoryKib(service) - memoryAtStart).toBeLessThan(mostGrowthKib);
  };
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

  it('is updated with 10,000 entries in its environment, and as many in its image', async () => {
    const image = uniqueImage('environment');
    const ofImage = Object.fromEntries(many(5000).map((index) => [`IMAGE_${index}`, `of the image ${index}`]));
    const Env = many(10_000).map((index) => `NAME_${index}=secret value number ${index}`);
    const app = await runApp(image, { version: 'v1', env: ofImage }, { Env });
    await publish(docker, image, { version: 'v2', env: ofImage });
    expect(await service.update(app.name, updatedWithinMs)).toMatchObject({ status: 'succeeded', result: 'updated' });
    const { Config } = await docker.getContainer(app.name).inspect();
    // Not by arrayContaining, which compares each with each.
    const kept = new Set(Config.Env);
    expect(Env.filter((entry) => !kept.has(entry))).toEqual([]);
    expectToHaveKeptItsMemory();
    note('a container with an environment of 10,000 entries', 'updated, none is lost');
  }, 120_000);

  it('is updated with 100,000 labels', async () => {
    const image = uniqueImage('labels');
    const Labels = Object.fromEntries(many(hostileLabels).map((index) => [`label.${index}`, `value ${index}`]));
    const app = await runApp(image, { version: 'v1' }, { Labels });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name, updatedWithinMs)).toMatchObject({ status: 'succeeded', result: 'updated' });
    const { Config } = await docker.getContainer(app.name).inspect();
    expect(Object.keys(Labels).filter((label) => Config.Labels[label] !== Labels[label])).toEqual([]);
    expectToHaveKeptItsMemory();
    await docker.getContainer(app.name).remove({ force: true });
    note(`a container with ${hostileLabels} labels`, 'updated, none is lost');
  }, 180_000);

  it('is rolled back when its replacement fails after a log line of 1 GB', async () => {
    const image = uniqueImage('log');
    const app = await runApp(image, { version: 'v1' }, { Labels: { 'trigger-docker-pull.settle': '4m' } });
    const print = `/bin/busybox head -c ${hostileLogBytes} /dev/zero | /bin/busybox tr '\\0' x; exit 3`;
    await publish(docker, image, { version: 'v2', cmd: ['/bin/sh', '-c', print] });
    const { status, error } = await service.update(app.name, updatedWithinMs);
    expect([status, error?.exitCode]).toEqual(['rolled_back', 3]);
    expect(JSON.stringify(error).length).toBeLessThan(64 * 1024);
    expectToHaveKeptItsMemory();
    note(`a log line of ${hostileLogBytes / 1e6} MB`, 'rolled back, a bounded part of it is told');
  }, 300_000);
});
