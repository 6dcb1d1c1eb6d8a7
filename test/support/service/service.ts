import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Deployment } from '../../../src/deployments/deployment.js';
import type { Accepted } from '../../../src/notify/accepting.service.js';
import type { Namespaces } from '../runner/namespaces.js';
import { freePort } from '../registry/registry.js';
import { keepSecret, recordOutput } from '../runner/secrecy.js';
import { until } from '../runner/until.js';

const startsWithinMs = 60_000;

export interface LogLine {
  level: string;
  message: string;
  context?: string;
  [fact: string]: unknown;
}

const running = new Set<ChildProcess>();
/** Lines of services' output that are to be searched for secrets at the end of the run. */
const unrecorded: string[] = [];
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  recordOutput(unrecorded);
});

/** The built service, run as users run it: a process of its own with settings in its environment. */
export class Service {
  static readonly secret = 'correct-horse-battery-staple';
  readonly output: string[] = [];
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly env: Record<string, string>,
    private readonly network?: Namespaces,
  ) {}

  /**
   * @param env settings beside those that a test needs: SECRET_KEY, a free PORT, a short settling time, no retries, no credentials
   * @param network where it runs, if not in that of this process
   */
  static async start(env: Record<string, string> = {}, network?: Namespaces): Promise<Service> {
    const port = await freePort();
    const service = new Service(
      port,
      {
        SECRET_KEY: Service.secret,
        PORT: String(port),
        LOG_LEVEL: 'debug',
        LOG_FORMAT: 'json',
        SETTLE_TIME: '500ms',
        PULL_RETRIES: '0',
        DOCKER_CONFIG_PATH: noCredentials(),
        ...env,
      },
      network,
    );
    await service.restart();
    return service;
  }

  /** Runs the service with settings under which it is expected not to start. */
  static async failToStart(env: Record<string, string>): Promise<{ code: number | null; output: string }> {
    const child = launch(env);
    const output: string[] = [];
    collect(child, output);
    const [code] = (await once(child, 'exit')) as [number | null];
    return { code, output: output.join('\n') };
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Reads no more of what it prints: its next line meets a closed pipe. */
  closeOutput(): void {
    this.child?.stdout?.destroy();
    this.child?.stderr?.destroy();
  }

  get isAlive(): boolean {
    return this.child?.exitCode === null && this.child.signalCode === null;
  }

  get logs(): LogLine[] {
    return this.output.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a line of the log: what a request has caused may be read here after its answer. */
  logged(isWanted: (line: LogLine) => boolean): Promise<LogLine> {
    return until('the line', 5000, () => this.logs.findLast(isWanted));
  }

  async restart(): Promise<void> {
    const child = launch(this.env, this.network);
    const before = this.output.length;
    this.child = child;
    collect(child, this.output);
    const answered = await until('the start of the service', startsWithinMs, async () => {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      // An agent has no port: what it says is all that there is.
      if (this.env.ROLE === 'agent') return this.output.slice(before).some(isReadyForWork) || undefined;
      return (await fetch(`${this.url}/health/live`)).ok || undefined;
    });
    if (!answered) throw new Error(`the service did not start:\n${this.output.slice(-20).join('\n')}`);
  }

  /** Starts again with other settings, unless they are what it has. */
  async useSettings(env: Record<string, string>): Promise<void> {
    if (Object.entries(env).every(([name, value]) => this.env[name] === value)) return;
    Object.assign(this.env, env);
    await this.stop();
    await this.restart();
  }

  async fetch(path: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      headers: { Authorization: `Bearer ${Service.secret}`, ...init.headers },
    });
    recordOutput([...response.headers].map((header) => header.join(': ')));
    // A copy of a document; a stream of events would have no end.
    if (response.headers.get('content-type')?.includes('json'))
      void response
        .clone()
        .text()
        .then(
          (body) => {
            recordOutput([body]);
          },
          () => undefined,
        );
    return response;
  }

  notify(container: string): Promise<Response> {
    return this.fetch(`/notify/${container}`, { method: 'POST' });
  }

  async deployment(id: string): Promise<Deployment> {
    return (await (await this.fetch(`/deployments/${id}`)).json()) as Deployment;
  }

  /** @param query such as `?container=web` */
  async list(query = ''): Promise<Deployment[]> {
    return ((await (await this.fetch(`/deployments${query}`)).json()) as { deployments: Deployment[] }).deployments;
  }

  /** Waits for the end of a deployment. */
  settled(id: string, timeoutMs = 30_000): Promise<Deployment> {
    const look = async (): Promise<Deployment | undefined> => {
      const deployment = await this.deployment(id);
      return ['queued', 'running'].includes(deployment.status) ? undefined : deployment;
    };
    return until(`the end of deployment ${id}`, timeoutMs, look, 100);
  }

  /** Notifies and waits for the end of the deployment. */
  update(container: string, timeoutMs?: number): Promise<Deployment> {
    return this.accepted(this.notify(container), timeoutMs);
  }

  /** Asks for the image before, and waits for the end of the deployment. */
  rollBack(container: string, timeoutMs?: number): Promise<Deployment> {
    return this.accepted(this.fetch(`/rollback/${container}`, { method: 'POST' }), timeoutMs);
  }

  private async accepted(answer: Promise<Response>, timeoutMs?: number): Promise<Deployment> {
    const response = await answer;
    if (response.status !== 202)
      throw new Error(`the request was answered ${response.status}: ${await response.text()}`);
    return this.settled(((await response.json()) as Accepted).id, timeoutMs);
  }

  async ready(timeoutMs = 30_000): Promise<void> {
    await until('readiness', timeoutMs, async () => (await fetch(`${this.url}/health/ready`)).ok || undefined);
  }

  /** Ends the service; answers its exit code, null where a signal ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }

  kill(): Promise<number | null> {
    return this.stop('SIGKILL');
  }
}

function isReadyForWork(line: string): boolean {
  return line.includes('ready for work');
}

/** So that no test reads the registry passwords of whoever runs it. */
function noCredentials(): string {
  const path = join(tmpdir(), 'no-credentials.json');
  writeFileSync(path, '{}');
  return path;
}

function launch(env: Record<string, string>, network?: Namespaces): ChildProcess {
  keepSecret(...[env.SECRET_KEY, env.DOCKER_AUTH_CONFIG].filter((secret) => secret !== undefined));
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TMPDIR|SystemRoot)$/.test(name)),
  );
  const bundle = join(process.cwd(), 'bundle', 'main.cjs');
  const [program, args] = network?.inNetwork(process.execPath, bundle) ?? [process.execPath, [bundle]];
  const child = spawn(program, args, {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function collect(child: ChildProcess, output: string[]): void {
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      output.push(line);
      unrecorded.push(line);
    });
  }
  child.once('close', () => {
    recordOutput(unrecorded.splice(0));
  });
}
