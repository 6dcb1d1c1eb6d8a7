import type Docker from 'dockerode';
import { pullPublicImage } from './public-images.js';
import type { RegistryRuntime } from './registry.js';

const image = 'registry:2';

/** The registry as a container of the engine that is to use it. */
export class RegistryContainer implements RegistryRuntime {
  private constructor(private readonly container: Docker.Container) {}

  static async create(
    docker: Docker,
    { name, port, htpasswd }: { name: string; port: number; htpasswd?: string },
  ): Promise<RegistryContainer> {
    await pullPublicImage(docker, image);
    const container = await docker.createContainer({
      name,
      Image: image,
      Env: [
        'REGISTRY_LOG_LEVEL=error',
        'REGISTRY_STORAGE_DELETE_ENABLED=true',
        ...(htpasswd
          ? [
              'REGISTRY_AUTH=htpasswd',
              'REGISTRY_AUTH_HTPASSWD_REALM=test',
              'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd',
              `PASSWORDS=${htpasswd}`,
            ]
          : []),
      ],
      Entrypoint: [
        'sh',
        '-c',
        'printf %s "$PASSWORDS" > /htpasswd; exec registry serve /etc/docker/registry/config.yml',
      ],
      Cmd: [],
      HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
    });
    return new RegistryContainer(container);
  }

  async start(): Promise<void> {
    await this.container.start();
  }

  async kill(): Promise<void> {
    await this.container.kill();
  }
}
