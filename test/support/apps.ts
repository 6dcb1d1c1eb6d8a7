import type Docker from 'dockerode';
import { docker, engines, uniqueName, type EngineUnderTest } from './environment.js';
import { publish, type AppImage } from './images.js';
import { pullImage } from './pull-image.js';
import { freePort, type Account } from './registry.js';
import { until } from './until.js';

export interface App {
  name: string;
  id: string;
  /** Where the app answers its version: http://127.0.0.1:port/ */
  port: number;
}

/** Publishes an image and runs a container from it, as an operator would have done before the service came. */
export async function runApp(
  image: string,
  app: AppImage,
  options: Docker.ContainerCreateOptions = {},
  account?: Account,
  engine: Pick<EngineUnderTest, 'docker'> = { docker },
): Promise<App> {
  await publish(docker, image, app, account);
  return startApp(image, options, account, engine);
}

/** Runs a container from what the registry has. */
export async function startApp(
  image: string,
  options: Docker.ContainerCreateOptions = {},
  account?: Account,
  engine: Pick<EngineUnderTest, 'docker'> = { docker },
): Promise<App> {
  await pullImage(engine.docker, image, account);
  const name = options.name ?? uniqueName('app');
  const port = await freePort();
  const container = await engine.docker.createContainer({
    ...options,
    name,
    Image: image,
    // As `docker run -p` does: the engine drops bindings of ports that are not exposed.
    ExposedPorts: { '80/tcp': {} },
    HostConfig: {
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] },
      ...options.HostConfig,
    },
  });
  await container.start();
  return { name, id: container.id, port };
}

export function pull(image: string, account?: Account): Promise<void> {
  return pullImage(docker, image, account);
}

/** What the app answers, once it does. */
export function versionAt(
  port: number,
  engine: Pick<EngineUnderTest, 'fetchText'> | undefined = engines[0],
): Promise<string> {
  return until(`an answer at port ${port}`, 10_000, () => engine?.fetchText(`http://127.0.0.1:${port}/`));
}
