import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { runApp, type App } from './support/fixtures/apps.js';
import { haveCurl } from './support/service/curl.js';
import { codeBlocks, commandFrom } from './support/runner/documentation.js';
import { describeOnEngine, testEnvironment, uniqueImage, docker } from './support/runner/environment.js';
import { itExtended } from './support/runner/extent.js';
import { publish } from './support/fixtures/images.js';
import { freePort } from './support/registry/registry.js';
import { digestInRegistry } from './support/registry/registry-proxy.js';
import { Service } from './support/service/service.js';
import { Script, shells, type ScriptRun } from './support/runner/shells.js';
import { until } from './support/runner/until.js';

const failing = {
  cmd: ['/bin/sh', '-c', 'echo last words of the app; echo "::set-output name=status::forged"; exit 3'],
};

describeOnEngine('the CI clients', () => {
  let service: Service;
  let image: string;
  let app: App;
  let digest: string;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tdp-ci-'));
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, DIGEST_TIMEOUT: '0s' });
    await service.ready();
    image = uniqueImage('ci');
    app = await runApp(image, { version: 'v1' });
    digest = await digestInRegistry(image);
  });
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  const environment = (overrides: Record<string, string> = {}): Record<string, string> => ({
    NOTIFY_URL: service.url,
    NOTIFY_TOKEN: Service.secret,
    NOTIFY_TIMEOUT: '50',
    ...overrides,
  });
  const expectNoToken = ({ log }: ScriptRun): void => {
    expect(log).not.toContain(Service.secret);
  };

  describe('notify.sh', () => {
    const start = (args: string[], overrides?: Record<string, string>, shell: readonly string[] = ['sh']): Script =>
      new Script([...shell, 'clients/notify.sh', ...args], environment(overrides));
    const run = async (args: string[], overrides?: Record<string, string>, shell?: readonly string[]) => {
      const ended = await start(args, overrides, shell).end();
      expectNoToken(ended);
      return ended;
    };

    it.each(shells)('says in $name that the container runs the image, and exits 0', async ({ command }) => {
      const output = join(folder, 'outcome');
      rmSync(output, { force: true });
      const { code, log } = await run(['-d', digest, app.name], { NOTIFY_OUTPUT: output }, command);
      expect(log).toContain(`${app.name}: up_to_date ${digest}`);
      expect(code).toBe(0);
      expect(readFileSync(output, 'utf8').split('\n')).toEqual(
        expect.arrayContaining([
          'status=succeeded',
          'result=up_to_date',
          `container=${app.name}`,
          `new_digest=${digest}`,
        ]),
      );
    });

    it('exits 1 with the reason where the update was rolled back; log lines come only when asked for', async () => {
      const broken = uniqueImage('broken');
      const other = await runApp(broken, { version: 'v1' });
      await publish(docker, broken, { version: 'v2', ...failing });
      const silent = await run([other.name]);
      expect(silent.log).toMatch(/rolled_back: exited: .*exited with code 3/);
      expect(silent.log).not.toContain('last words');
      expect(silent.code).toBe(1);
      const talking = await run(['-r', '-l', other.name]);
      expect(talking.log).toContain('  | last words of the app');
      expect(talking.code).toBe(1);
    });

    it('tries a rejected image again with -r, and does not otherwise', async () => {
      const { log } = await run(['-r', app.name]);
      expect(log).toContain(`${app.name}: up_to_date`);
      const [record] = await service.list(`?container=${app.name}&limit=1`);
      expect(record).toMatchObject({ retry: true });
      await run([app.name], { NOTIFY_RETRY: 'false' });
      expect((await service.list(`?container=${app.name}&limit=1`))[0]?.retry).toBeUndefined();
      expect((await run([app.name], { NOTIFY_RETRY: 'yes' })).code).toBe(2);
    });

    it('exits 1 where the registry serves another digest', async () => {
      const { code, log } = await run(['-d', `sha256:${'0'.repeat(64)}`, app.name]);
      expect(log).toContain(`failed: digest_mismatch`);
      expect(log).toContain(digest);
      expect(code).toBe(1);
    });

    it('exits 4 where a later push overtook the digest', async () => {
      const raced = uniqueImage('raced');
      const other = await runApp(raced, { version: 'v1' });
      const patient = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, DIGEST_TIMEOUT: '40s' });
      await patient.ready();
      await publish(docker, raced, { version: 'v2' });
      const overtaken = await digestInRegistry(raced);
      await publish(docker, raced, { version: 'v3' });
      const winner = await digestInRegistry(raced);
      const script = start(['-d', overtaken, other.name], { NOTIFY_URL: patient.url });
      await until(
        'the first look at the registry',
        20_000,
        () => patient.logs.some(({ message }) => message.includes('will be tried again: digest_mismatch')) || undefined,
      );
      expect((await patient.fetch(`/notify/${other.name}?wait=40&digest=${winner}`, { method: 'POST' })).status).toBe(
        200,
      );
      const { code, log } = await script.end();
      await patient.stop();
      expect(log).toContain('superseded');
      expect(log).toContain(winner);
      expect(code).toBe(4);
    });

    itExtended('exits 1 where somebody took it out of the queue, and does not notify again', async () => {
      const busy = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', ENGINE_WAIT: '60s' });
      await busy.notify('first');
      const script = start(['second'], { NOTIFY_URL: busy.url });
      const { id } = await until('the notify', 10_000, async () => (await busy.list('?container=second'))[0]);
      expect((await busy.fetch(`/deployments/${id}`, { method: 'DELETE' })).status).toBe(200);
      const { code, log } = await script.end();
      expect(log).toContain('second: dropped: cancelled');
      expect(code).toBe(1);
      expect(await busy.list('?container=second')).toHaveLength(1);
      await busy.kill();
    });

    it.each([
      ['a wrong token', ['web'], { NOTIFY_TOKEN: 'wrong-token' }, 'unauthorized'],
      ['no token', ['web'], { NOTIFY_TOKEN: '' }, 'NOTIFY_TOKEN must be'],
      ['a token with a line break', ['web'], { NOTIFY_TOKEN: 'a\nb' }, 'NOTIFY_TOKEN must be'],
      ['no container', [], {}, 'CONTAINER must be'],
      ['a container that would change the address', ['../web'], {}, 'CONTAINER must be'],
      ['no address', ['web'], { NOTIFY_URL: '' }, 'NOTIFY_URL must be'],
      ['an address with an option in it', ['web'], { NOTIFY_URL: 'http://x" -o "/etc/passwd' }, 'NOTIFY_URL holds'],
      ['a digest that is none', ['-d', 'latest', 'web'], {}, 'DIGEST must'],
      ['a time that is none', ['-t', '5m', 'web'], {}, 'SECONDS must'],
      ['an option that there is not', ['-x', 'web'], {}, 'no such option'],
    ])('exits 2 for %s', async (_, args, overrides, words) => {
      const { code, log } = await run(args, overrides);
      expect(log).toContain(words);
      expect(code).toBe(2);
    });

    it('takes the token from a file, whatever characters it is of', async () => {
      const token = 'a"b\\c$d`e%s#';
      const path = join(folder, 'token');
      writeFileSync(path, `${token}\n`);
      const other = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, SECRET_KEY: token });
      await other.ready();
      const { code, log } = await run([app.name], {
        NOTIFY_URL: `${other.url}/`,
        NOTIFY_TOKEN: '',
        NOTIFY_TOKEN_FILE: path,
      });
      await other.stop();
      expect(log).not.toContain(token);
      expect(log).toContain('up_to_date');
      expect(code).toBe(0);
    });

    it('exits 3 where nobody answers, once its time is over', async () => {
      const { code, log } = await run([app.name], {
        NOTIFY_URL: `http://127.0.0.1:${await freePort()}`,
        NOTIFY_TIMEOUT: '2',
      });
      expect(log).toContain('no outcome within 2 s');
      expect(code).toBe(3);
    });

    itExtended('waits in steps, and exits 3 where the update has not ended in time', async () => {
      const slow = uniqueImage('slow');
      const labels = { 'trigger-docker-pull.settle': '10s' };
      const other = await runApp(slow, { version: 'v1' }, { Labels: labels });
      await publish(docker, slow, { version: 'v2' });
      const { code, log } = await run(['-t', '4', other.name], { NOTIFY_WAIT_STEP: '1' });
      expect(log.match(/is running at /g)?.length).toBeGreaterThan(1);
      expect(log).toContain('no outcome within 4 s');
      expect(code).toBe(3);
      // It goes on all the same: who gives up waiting cancels nothing.
      expect(await service.update(other.name)).toMatchObject({ status: 'succeeded', result: 'up_to_date' });
    });

    itExtended('notifies again where a restart has lost the deployment, and gets the outcome', async () => {
      const slow = uniqueImage('lost');
      const other = await runApp(slow, { version: 'v1' }, { Labels: { 'trigger-docker-pull.settle': '4s' } });
      await publish(docker, slow, { version: 'v2' });
      const script = start([other.name], { NOTIFY_WAIT_STEP: '1' });
      await until('the proof', 30_000, () => script.logSoFar.includes('is running at prove') || undefined);
      await service.kill();
      await service.restart();
      const ended = await script.end();
      expectNoToken(ended);
      expect(ended.log).toContain('was lost at a restart of the service; notifying again');
      expect(ended.log).toMatch(/: (updated|up_to_date) sha256:/);
      expect(ended.code).toBe(0);
      await service.ready();
    });
  });

  describe('the GitHub Action, run as GitHub runs it', () => {
    interface Action {
      inputs: Record<string, { required?: boolean; default?: string }>;
      outputs: Record<string, { value: string }>;
      runs: { using: string; steps: { id: string; shell: string; run: string; env: Record<string, string> }[] };
    }
    const action = parse(readFileSync('action.yml', 'utf8')) as Action;
    let step = 0;

    /** What a workflow sees of a step that uses the action. */
    const use = async (given: Record<string, string>) => {
      const [only] = action.runs.steps;
      if (!only || action.runs.steps.length > 1) throw new Error('the action has more steps than this knows of');
      const path = (name: string): string => join(folder, `${name}-${step}`);
      step++;
      const files = { GITHUB_OUTPUT: path('output'), GITHUB_STEP_SUMMARY: path('summary') };
      for (const file of Object.values(files)) writeFileSync(file, '');
      const inputs = Object.fromEntries(
        Object.entries(action.inputs).map(([name, { default: fallback = '' }]) => [name, given[name] ?? fallback]),
      );
      const env = Object.fromEntries(
        Object.entries(only.env).map(([name, text]) => [
          name,
          text.replace(/\$\{\{ inputs\.([\w-]+) \}\}/g, (_, input: string) => inputs[input] ?? ''),
        ]),
      );
      writeFileSync(path('script'), only.run);
      const { code, log } = await new Script(['sh', '-e', path('script')], {
        ...env,
        ...files,
        GITHUB_ACTION_PATH: process.cwd(),
      }).end();
      const lines = readFileSync(files.GITHUB_OUTPUT, 'utf8').trim().split('\n');
      const stepOutputs = Object.fromEntries(
        lines.map((line) => line.split(/=(.*)/s).slice(0, 2)) as [string, string][],
      );
      const outputs = Object.fromEntries(
        Object.entries(action.outputs).map(([name, { value }]) => [
          name,
          stepOutputs[/steps\.notify\.outputs\.(\w+)/.exec(value)?.[1] ?? ''],
        ]),
      );
      const mask = `::add-mask::${given.token ?? ''}\n`;
      expect(log.startsWith(mask)).toBe(true);
      const summary = readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8');
      expect(log.slice(mask.length) + summary + lines.join('\n')).not.toContain(given.token);
      return { code, outputs, summary, ...asRunnerReads(log) };
    };
    /** What the runner takes for its commands: all but what stands between stop-commands and its token. */
    const asRunnerReads = (log: string) => {
      const [, token = ''] = /^::stop-commands::(\w+)$/m.exec(log) ?? [];
      const [before = '', inside = '', after = ''] = log.split(
        new RegExp(`^::(?:stop-commands::)?${token}(?:::)?$`, 'm'),
      );
      return { commands: before + after, inside };
    };
    const usual = (overrides: Record<string, string> = {}): Record<string, string> => ({
      url: service.url,
      token: Service.secret,
      container: app.name,
      ...overrides,
    });

    it('succeeds with outputs and a summary', async () => {
      const before = await digestInRegistry(image);
      await publish(docker, image, { version: 'v2' });
      digest = await digestInRegistry(image);
      const { code, outputs, summary, commands } = await use(usual({ digest }));
      expect(outputs).toEqual({
        status: 'succeeded',
        warning: '',
        'deployment-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
        'old-digest': before,
        'new-digest': digest,
        seconds: expect.stringMatching(/^\d+$/),
      });
      expect(summary).toContain(digest);
      expect(summary).toContain('succeeded');
      expect(commands).not.toContain('::error');
      expect(code).toBe(0);
    });

    it('fails with the reason; what the container printed is no command to the runner', async () => {
      const broken = uniqueImage('broken');
      const other = await runApp(broken, { version: 'v1' });
      await publish(docker, broken, { version: 'v2', ...failing });
      const { code, outputs, summary, commands, inside } = await use(usual({ container: other.name, logs: 'true' }));
      expect(outputs).toMatchObject({ status: 'rolled_back' });
      expect(summary).toContain('exited with code 3');
      expect(commands).toContain(`::error title=Deploy of ${other.name}::`);
      expect(inside).toContain('::set-output name=status::forged');
      expect(commands).not.toContain('forged');
      expect(code).toBe(1);
    });

    it.each([
      ['a wrong token', { token: 'wrong-token' }, 2, 'rejected', 'unauthorized'],
      ['a missing container', { container: 'no-such-container' }, 1, 'failed', 'no\\_such\\_container'],
      ['the service down', { url: 'http://127.0.0.1:1', timeout: '2' }, 3, 'unknown', 'no outcome within 2 s'],
    ])('turns red for %s', async (_, overrides, exitCode, status, words) => {
      const { code, outputs, summary, commands } = await use(usual(overrides));
      expect(outputs.status).toBe(status);
      expect(summary).toContain(words);
      expect(commands).toContain('::error title=');
      expect(code).toBe(exitCode);
    });

    itExtended('turns red where the time is over before the update is', async () => {
      const busy = await Service.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock', ENGINE_WAIT: '60s' });
      const { code, outputs, summary } = await use(usual({ url: busy.url, container: 'web', timeout: '3' }));
      await busy.kill();
      expect(outputs.status).toBe('unknown');
      expect(summary).toMatch(/no outcome within 3 s: deployment .* is running/);
      expect(code).toBe(3);
    });

    itExtended('gets the outcome also where the service was stopped and started in between', async () => {
      const moved = uniqueImage('moved');
      const other = await runApp(moved, { version: 'v1' }, { Labels: { 'trigger-docker-pull.settle': '5s' } });
      await publish(docker, moved, { version: 'v2' });
      const used = use(usual({ container: other.name }));
      await until('the proof', 30_000, async () => {
        const [newest] = await service.list(`?container=${other.name}`);
        return newest?.stages.at(-1)?.stage === 'prove' || undefined;
      });
      await service.stop('SIGTERM');
      await service.restart();
      const { code, outputs } = await used;
      expect(outputs).toMatchObject({ status: 'succeeded', 'new-digest': await digestInRegistry(moved) });
      expect(code).toBe(0);
      await service.ready();
    });
  });

  describe('docs/ci.md', () => {
    const itWithCurl = haveCurl() ? it : it.skip;
    /** The line as it stands there, for a container of ours. */
    const line = (part: string, container: string): Promise<ScriptRun> => {
      const command = commandFrom('docs/ci.md', part).replace('/notify/web', `/notify/${container}`);
      return new Script(['sh', '-c', command], { DEPLOY_URL: service.url, SECRET_KEY: Service.secret }).end();
    };

    itWithCurl('has a line that is green for success alone, and says why it is red', async () => {
      const good = await line('?wait=50', app.name);
      expect([good.code, JSON.parse(good.log)]).toEqual([0, expect.objectContaining({ status: 'succeeded' })]);
      const bad = await line('?wait=50', 'no-such-container');
      expect(bad.code).toBe(22);
      expect(bad.log).toContain('"code":"no_such_container"');
    });

    itWithCurl('has a line that says what would become of an update', async () => {
      const { code, log } = await line('dry_run=true', app.name);
      expect([code, JSON.parse(log)]).toEqual([0, expect.objectContaining({ container: app.name, eligible: true })]);
    });

    it('uses the inputs that the action and the component have', () => {
      const examples = codeBlocks('docs/ci.md')
        .filter(({ language }) => language === 'yaml')
        .map(({ text }) => parse(text) as unknown);
      const action = parse(readFileSync('action.yml', 'utf8')) as { inputs: object };
      const [spec] = parseAllDocuments(readFileSync('templates/notify.yml', 'utf8')).map(
        (document) => document.toJS() as { spec: { inputs: object } },
      );
      const [github, gitlab] = examples as [
        { uses: string; with: object }[],
        { include: { component: string; inputs: object }[] },
      ];
      const step = github.find(({ uses }) => uses.includes('trigger-docker-pull'));
      expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step?.with ?? { none: true })));
      const given = gitlab.include[0]?.inputs ?? { none: true };
      expect(Object.keys(spec?.spec.inputs ?? {})).toEqual(expect.arrayContaining(Object.keys(given)));
    });
  });

  describe('the GitLab component', () => {
    const [spec, jobs] = parseAllDocuments(readFileSync('templates/notify.yml', 'utf8')).map(
      (document) => document.toJS() as Record<string, unknown>,
    );
    const { inputs } = spec?.spec as { inputs: Record<string, { default?: string | number | boolean } | null> };
    const [job] = Object.values(jobs ?? {}) as [
      { variables: Record<string, string>; script: string[]; after_script: string[] },
    ];

    it('holds notify.sh as it is', () => {
      const [, embedded] = /<<'END_OF_NOTIFY'\n([^]*)END_OF_NOTIFY\n/.exec(job.script[0] ?? '') ?? [];
      expect(embedded).toBe(readFileSync('clients/notify.sh', 'utf8'));
    });

    it('succeeds, and tells later jobs the outcome', async () => {
      const work = mkdtempSync(join(folder, 'gitlab-'));
      const given: Record<string, string> = { url: service.url, container: app.name, digest };
      const variables = Object.fromEntries(
        Object.entries(job.variables).map(([name, text]) => [
          name,
          text.replace(/\$\[\[ inputs\.([\w-]+) \]\]/g, (_, input: string) =>
            String(given[input] ?? inputs[input]?.default ?? ''),
          ),
        ]),
      );
      const env = { ...variables, NOTIFY_TOKEN: Service.secret };
      const ended = await new Script(['sh', '-ec', job.script.join('\n')], env, work).end();
      expectNoToken(ended);
      expect(ended.log).toContain('up_to_date');
      expect(ended.code).toBe(0);
      const after = await new Script(['sh', '-ec', job.after_script.join('\n')], variables, work).end();
      expect(after.code).toBe(0);
      expect(readFileSync(join(work, 'deploy.env'), 'utf8')).toContain(`DEPLOY_new_digest=${digest}\n`);
    });
  });
});
