import type Docker from 'dockerode';
import { setMaxListeners } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { request, Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineProxy } from '../../test/support/engine/engine-proxy.js';
import { findOrStartEngine, type TestEngine } from '../../test/support/engine/engine.js';
import { buildImage, publish } from '../../test/support/fixtures/images.js';
import { pullImage } from '../../test/support/engine/pull-image.js';
import { freePort, Registry } from '../../test/support/registry/registry.js';
import { TestRun } from '../../test/support/runner/test-run.js';
import { onCleanUp } from '../../test/support/runner/cleanup.js';
import { until } from '../../test/support/runner/until.js';
import { Program, secret } from './program.js';

export interface Deployment {
  status: string;
  result?: string;
  startedAt: string;
  finishedAt: string;
  error?: { code: string; message: string };
}

/** An engine, a registry and the service, as on a host; and how a benchmark acts on them. */
export class Host {
  readonly docker: Docker;
  readonly dockerHost: string;
  private versions = 0;

  private constructor(
    readonly run: TestRun,
    engine: TestEngine,
    readonly registry: Registry,
  ) {
    this.docker = engine.docker;
    this.dockerHost = engine.dockerHost;
  }

  /** @throws Unavailable with what to install */
  static async start(): Promise<Host> {
    const run = new TestRun();
    const engine = await findOrStartEngine(run);
    return new Host(run, engine, await Registry.start(engine, { runId: run.id, folder: run.folder }));
  }

  image(what: string): string {
    return `${this.registry.host}/${this.run.id}/${what}:latest`;
  }

  /** Pushes a new image under the reference, as CI does; answers what it serves. */
  async push(image: string): Promise<string> {
    const version = `version ${++this.versions}`;
    await publish(this.docker, image, { version });
    return version;
  }

  /** Runs a container from the image at a port of this host. */
  async runContainer(what: string, image: string): Promise<App> {
    const app = { name: `${this.run.id}-${what}`, port: await freePort() };
    await this.runContainerOf({
      name: app.name,
      Image: image,
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(app.port) }] } },
    });
    return app;
  }

  /** Runs a container as it is described, from an image that is pulled. */
  async runContainerOf(options: Docker.ContainerCreateOptions & { Image: string }): Promise<void> {
    await pullImage(this.docker, options.Image);
    await (await this.docker.createContainer(options)).start();
  }

  /** Runs another container in a network. A bridge whose only container goes is down, and the kernel takes up to a second to see it come up again. */
  async runNeighbour(network: string): Promise<void> {
    const image = this.image('neighbour');
    await this.push(image);
    await this.runContainerOf({ name: `${this.run.id}-neighbour`, Image: image, HostConfig: { NetworkMode: network } });
  }

  /** Containers that do not run, all from one image that the registry does not know. */
  async createContainers(count: number, what: string): Promise<Docker.Container[]> {
    const image = `${this.run.id}-${what}:latest`;
    await buildImage(this.docker, image, { version: what });
    const made: Docker.Container[] = [];
    for (let index = 0; index < count; index++)
      made.push(await this.docker.createContainer({ name: `${this.run.id}-${what}-${index}`, Image: image }));
    return made;
  }

  /**
   * The service of the bundle on this engine, with no settling time: whatever waits then is what it needs itself.
   * @param nodeOptions for a trace of its calls: `Trace.nodeOptions`
   * @param nodePath the Node that runs it, this one if none is given
   */
  async service(nodeOptions: readonly string[] = [], nodePath = process.execPath): Promise<Service> {
    const config = join(mkdtempSync(join(tmpdir(), 'service-')), 'config.json');
    writeFileSync(config, '{}');
    const env = { DOCKER_HOST: this.dockerHost, DOCKER_CONFIG_PATH: config, SETTLE_TIME: '0s' };
    const program = await Program.start([nodePath, ...nodeOptions, 'bundle/main.cjs'], '/health/ready', env);
    return new Service(program);
  }

  /** Between the service and the engine, so that its calls are seen. */
  async proxy(): Promise<EngineProxy> {
    const proxy = await EngineProxy.start(this.dockerHost);
    onCleanUp(() => {
      proxy.stop();
    });
    return proxy;
  }
}

export interface App {
  name: string;
  port: number;
}

/** The service, as callers meet it. */
export class Service {
  constructor(readonly program: Program) {}

  /** Notifies, and answers as soon as the caller of a webhook is answered. */
  async notify(container: string): Promise<string> {
    const { id } = (await this.ask('POST', `/notify/${container}`)) as { id: string };
    return id;
  }

  /** Notifies and waits for the outcome in the same request. @throws Error where it is not the one expected */
  async update(container: string, expected: 'updated' | 'up_to_date' = 'updated'): Promise<Deployment> {
    const deployment = (await this.ask('POST', `/notify/${container}?wait=120`)) as Deployment;
    return asExpected(container, deployment, expected);
  }

  /** Waits for the end of a deployment, whatever it is. */
  ended(container: string, id: string): Promise<Deployment> {
    return until(`the end of the update of ${container}`, 300_000, async () => {
      const deployment = (await this.ask('GET', `/deployments/${id}`)) as Deployment;
      return ['queued', 'running'].includes(deployment.status) ? undefined : deployment;
    });
  }

  private async ask(method: string, path: string): Promise<unknown> {
    const response = await fetch(`http://127.0.0.1:${this.program.port}${path}`, {
      method,
      headers: { Authorization: `Bearer ${secret}` },
    });
    return response.json();
  }
}

function asExpected(container: string, deployment: Deployment, expected: string): Deployment {
  if (deployment.result !== expected)
    throw new Error(`the update of ${container} ended otherwise: ${JSON.stringify(deployment)}`);
  return deployment;
}

export interface Watched {
  /** From the beginning of the watch to the first answer of the version. */
  firstAnswerMs: number;
  /** The longest time between two answers, whatever the version. */
  longestGapMs: number;
}

const askEveryMs = 5;

/**
 * Asks the app again and again, on new connections, while something is done to it, until it answers with the version. None waits for
 * another: a packet that is lost in a swap is sent again after a second, longer than the swap itself may take.
 * @param act what is done; it need not be over when the version answers, but is then waited for
 */
export async function watch({ port }: App, version: string, act: () => Promise<unknown>): Promise<Watched> {
  const begun = performance.now();
  let lastAnswer = begun;
  let longestGapMs = 0;
  let firstAnswerMs: number | undefined;
  const done = act();
  const progress = { isOver: false };
  // Awaited below: a failure of it must not end the process before.
  void done.catch(() => undefined).then(() => (progress.isOver = true));
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  const ask = async (): Promise<void> => {
    const answer = await answerOf(port, over.signal);
    if (answer === undefined) return;
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - lastAnswer);
    lastAnswer = now;
    if (answer === version) firstAnswerMs ??= now - begun;
  };
  try {
    while (firstAnswerMs === undefined || !progress.isOver) {
      void ask();
      if (performance.now() - begun > 120_000) throw new Error(`nobody answers ${version}`);
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    }
  } finally {
    over.abort();
  }
  await done;
  return { firstAnswerMs, longestGapMs };
}

const oneEach = new Agent({ keepAlive: false });

export function answerOf(port: number, signal?: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = request({ port, host: '127.0.0.1', agent: oneEach, timeout: 3000, signal }, (response) => {
      let body = '';
      response
        .on('data', (chunk: Buffer) => (body += chunk.toString()))
        .once('end', () => {
          resolve(response.statusCode === 200 ? body : undefined);
        })
        .once('error', () => {
          resolve(undefined);
        });
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => {
      resolve(undefined);
    });
    asked.end();
  });
}
