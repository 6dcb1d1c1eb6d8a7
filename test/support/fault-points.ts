import type Docker from 'dockerode';
import { setTimeout } from 'node:timers/promises';
import { pull } from './apps.js';
import { docker, uniqueImage, uniqueName } from './environment.js';
import { EngineProxy, type EngineCall } from './engine-proxy.js';
import { publish, type AppImage } from './images.js';
import { Service } from './service.js';
import { until } from './until.js';

/** How the new image of an update is, and what becomes of it. */
export type Scenario = 'update' | 'rollback';

const images: Record<Scenario, AppImage> = {
  update: { version: 'v2' },
  rollback: { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 1'] },
};

/** A container to be updated again and again from the same two images, behind a proxy that can make faults. */
export class FaultRig {
  private constructor(
    readonly proxy: EngineProxy,
    readonly service: Service,
    readonly name: string,
    private readonly image: string,
    readonly oldImageId: string,
  ) {}

  static async start(dockerHost: string, scenario: Scenario, env: Record<string, string> = {}): Promise<FaultRig> {
    const proxy = await EngineProxy.start(dockerHost);
    const service = await Service.start({ DOCKER_HOST: proxy.dockerHost, SETTLE_TIME: '50ms', ...env });
    await service.ready();
    const image = uniqueImage(scenario);
    await publish(docker, image, { version: 'v1' });
    await pull(image);
    const { Id } = await docker.getImage(image).inspect();
    await publish(docker, image, images[scenario]);
    return new FaultRig(proxy, service, uniqueName(scenario), image, Id);
  }

  async stop(): Promise<void> {
    await this.service.kill();
    this.proxy.stop();
    await docker
      .getContainer(this.name)
      .remove({ force: true })
      .catch(() => undefined);
  }

  /** Puts the container in place as it was before the update; answers its id. */
  async setUp(): Promise<string> {
    this.proxy.reset();
    for (const { Id } of await docker.listContainers({ all: true, filters: { name: [this.name] } }))
      await docker.getContainer(Id).remove({ force: true });
    await docker
      .getImage(this.oldImageId)
      .tag({ repo: this.image.slice(0, this.image.lastIndexOf(':')), tag: 'latest' });
    const container = await docker.createContainer({
      name: this.name,
      Image: this.image,
      Env: ['SET_BY=user'],
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    await container.start();
    return container.id;
  }

  /** The calls of one update that nothing disturbs: the fault points are before and after each of them. */
  async recordCalls(): Promise<EngineCall[]> {
    await this.setUp();
    await this.service.update(this.name);
    return [...this.proxy.calls];
  }

  /** Kills the service at the fault point, starts it again and waits until it is ready for work. */
  async killAt(index: number, when: 'before' | 'after'): Promise<void> {
    let reached = false;
    this.proxy.hooks = {
      [when]: async (call: EngineCall) => {
        if (call.index !== index) return 'forward';
        reached = true;
        await this.service.kill();
        return 'drop';
      },
    };
    await this.service.notify(this.name);
    await until(`the call ${index}`, 20_000, () => reached || undefined, 5);
    this.proxy.reset();
    await this.service.restart();
    await this.service.ready(20_000);
  }

  /** Notifies, with a fault made once at this call. Waits for the end of the deployment. */
  async failAt(
    index: number,
    fate: 'drop' | { statusCode: number },
    when: 'before' | 'after',
  ): ReturnType<Service['update']> {
    this.proxy.hooks = { [when]: (call: EngineCall) => (call.index === index ? fate : 'forward') };
    const deployment = await this.service.update(this.name, 60_000);
    this.proxy.hooks = {};
    return deployment;
  }

  /** What an operator sees in the end. */
  async outcome(): Promise<{ names: string[]; container: Docker.ContainerInspectInfo }> {
    await setTimeout(0);
    const found = await docker.listContainers({ all: true, filters: { name: [this.name] } });
    return { names: found.flatMap(({ Names }) => Names), container: await docker.getContainer(this.name).inspect() };
  }
}
