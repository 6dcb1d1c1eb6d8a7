// The main job, end to end, told as it goes: npm run demo
import type Docker from 'dockerode';
import { cleanUp, isInterrupted, onCleanUp } from './support/runner/cleanup.js';
import { findOrStartEngine } from './support/engine/engine.js';
import { publish } from './support/fixtures/images.js';
import { Unavailable } from './support/runner/packages.js';
import { pullImage } from './support/engine/pull-image.js';
import { freePort, Registry } from './support/registry/registry.js';
import { Service } from './support/service/service.js';
import { TestRun } from './support/runner/test-run.js';
import { until } from './support/runner/until.js';

const began = performance.now();
const run = new TestRun();
const name = `${run.id}-web`;
const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text);
const dim = (text: string): string => (process.stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text);

function tell(text: string): void {
  console.log(`${dim(`${((performance.now() - began) / 1000).toFixed(1).padStart(5)} s`)}  ${text}`);
}

/** @param instead what came of it, for those who must find out why it does not hold */
function promise(holds: boolean, what: string, instead = ''): void {
  if (!holds) throw new Error(`not as promised: ${what}${instead && `; instead: ${instead}`}`);
  tell(`       ✓ ${what}`);
}

try {
  await demo();
} catch (error) {
  if (!isInterrupted()) report(error);
} finally {
  await cleanUp();
}

async function demo(): Promise<void> {
  console.log(bold('\ntrigger-docker-pull: from a push to a running container\n'));
  const engine = await findOrStartEngine(run);
  const { docker } = engine;
  const { Version } = await docker.version();
  tell(
    `Docker Engine ${Version} answers ${engine.private ? '(a private one, for this demo)' : '(the one of this machine)'}`,
  );
  const registry = await Registry.start(engine, { runId: run.id, folder: run.folder });
  tell(`A registry listens on ${registry.host}`);

  const image = `${registry.host}/${run.id}/web:latest`;
  await publish(docker, image, { version: 'version 1' });
  await pullImage(docker, image);
  const port = await freePort();
  const old = await runContainer(docker, image, port);
  tell(
    `CI has pushed ${bold('v1')}, and an operator runs it as ${bold(name)}: two networks with aliases, a volume, a published port, an env variable, a label`,
  );
  promise((await answerOf(port)) === 'version 1', `http://127.0.0.1:${port} answers "version 1"`);

  const service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '2s' });
  onCleanUp(async () => {
    await service.stop();
  });
  await service.ready();
  tell(`The service runs on port ${service.port}`);

  await publish(docker, image, { version: 'version 2' });
  tell(`CI pushes ${bold('v2')} under the same tag, and calls the webhook:`);
  const updated = await notify(service);
  promise(
    updated.result === 'updated',
    `updated in ${seconds(updated)}, without service for ${((updated.downtimeMs ?? 0) / 1000).toFixed(2)} s`,
    outcome(updated),
  );
  promise((await answerOf(port)) === 'version 2', `http://127.0.0.1:${port} answers "version 2"`);
  const container = await docker.getContainer(name).inspect();
  promise(container.Id !== old.Id, 'it is a new container, with the same name');
  promise(sameSettings(old, container), 'networks, aliases, volume, port, env variable and label are as they were');

  tell('The webhook is called once more, without a push:');
  const unchanged = await notify(service);
  promise(unchanged.result === 'up_to_date', 'already up to date; nothing was touched', outcome(unchanged));

  await publish(docker, image, {
    version: 'version 3',
    cmd: ['/bin/sh', '-c', 'echo "cannot find the database"; exit 1'],
  });
  tell(`CI pushes ${bold('v3')}, which is broken, and calls the webhook:`);
  const broken = await notify(service);
  promise(
    broken.status === 'rolled_back',
    `rolled back in ${seconds(broken)}: ${String(broken.error?.message)}`,
    outcome(broken),
  );
  const lastWords = broken.error?.logTail?.[0] ?? '';
  promise(lastWords === 'cannot find the database', `the record says why: "${lastWords}"`);
  promise(
    (await docker.getContainer(name).inspect()).Id === container.Id,
    'the container is the one that ran before, itself and not a copy',
  );
  promise((await answerOf(port)) === 'version 2', `http://127.0.0.1:${port} still answers "version 2"`);

  console.log(bold('\nWhat the service logged:\n'));
  for (const { message, context } of service.logs) if (context === 'Worker') console.log(`        ${dim(message)}`);
  console.log(bold('\nWhat is left to look at:\n'));
  console.log('        README.md          running it for real, in five minutes');
  console.log('        ARCHITECTURE.md    the way of a request, with file names');
  console.log('        npm test           the same promises, and many more, as tests\n');
}

async function notify(service: Service): ReturnType<Service['update']> {
  console.log(
    `               ${bold(`curl -X POST -H "Authorization: Bearer $SECRET_KEY" ${service.url}/notify/${name}`)}`,
  );
  return service.update(name, 60_000);
}

async function runContainer(docker: Docker, image: string, port: number): Promise<Docker.ContainerInspectInfo> {
  const [front, back] = [`${run.id}-front`, `${run.id}-back`];
  for (const Name of [front, back]) await docker.createNetwork({ Name });
  const container = await docker.createContainer({
    name,
    Image: image,
    Env: ['GREETING=hello'],
    Labels: { 'example.team': 'web' },
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      NetworkMode: front,
      Binds: [`${run.id}-data:/data`],
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      RestartPolicy: { Name: 'unless-stopped' },
    },
    NetworkingConfig: { EndpointsConfig: { [front]: { Aliases: ['web'] } } },
  });
  await docker.getNetwork(back).connect({ Container: container.id, EndpointConfig: { Aliases: ['backend'] } });
  await container.start();
  return container.inspect();
}

function sameSettings(a: Docker.ContainerInspectInfo, b: Docker.ContainerInspectInfo): boolean {
  const settings = ({ Id, Config, HostConfig, Mounts, NetworkSettings }: Docker.ContainerInspectInfo): string =>
    JSON.stringify([
      Config.Env,
      // But for the service's own, which names the image before.
      Object.entries(Config.Labels).filter(([label]) => !label.startsWith('trigger-docker-pull.')),
      HostConfig.PortBindings,
      HostConfig.RestartPolicy,
      Mounts.map(({ Name, Destination }) => [Name, Destination]),
      Object.entries(NetworkSettings.Networks)
        .map(([network, { Aliases }]) => [
          network,
          ((Aliases ?? []) as string[]).filter((alias) => alias !== Id.slice(0, 12)),
        ])
        .sort(),
    ]);
  return settings(a) === settings(b);
}

function answerOf(port: number): Promise<string> {
  return until(`an answer at port ${port}`, 10_000, async () =>
    (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2000) })).text(),
  );
}

function outcome({ status, result, error }: Awaited<ReturnType<Service['update']>>): string {
  return [status, result, error?.message].filter(Boolean).join(', ');
}

function report(error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  console.error(`\n${error instanceof Unavailable ? 'The demo cannot run here' : 'The demo failed'}: ${reason}`);
  if (error instanceof Error && error.cause instanceof Error) console.error(`because: ${error.cause.message}`);
  process.exitCode = error instanceof Unavailable ? 2 : 1;
}

function seconds({ startedAt, finishedAt }: { startedAt?: string; finishedAt?: string }): string {
  return `${((Date.parse(finishedAt ?? '') - Date.parse(startedAt ?? '')) / 1000).toFixed(1)} s`;
}
