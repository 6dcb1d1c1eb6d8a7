// @extended
// @needs internet: the reverse proxy is a Debian package.
import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { parseDurationMs } from '../src/common/duration.js';
import type { UpdateConfig } from '../src/docker/engine/swarm-types.js';
import { docker, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { HttpLoad } from './support/service/load.js';
import { drainingApp, nginxBase, proxyImage, runReverseProxy } from './support/service/reverse-proxy.js';
import { Service } from './support/service/service.js';
import { describeOnEachSwarm } from './support/engine/swarm.js';
import { until } from './support/runner/until.js';

interface Deploy {
  deploy: { update_config: Record<string, string>; rollback_config: Record<string, string> };
}

/** What docs/swarm.md recommends, in the words of the API. */
function recommended(): { UpdateConfig: UpdateConfig; RollbackConfig: UpdateConfig } {
  const block = /```yaml\n(deploy:[\s\S]+?)```/.exec(readFileSync('docs/swarm.md', 'utf8'))?.[1] ?? '';
  const { deploy } = parse(block) as Deploy;
  const config = ({ order, failure_action, monitor, ...rest }: Record<string, string>): UpdateConfig => {
    expect(rest).toEqual({});
    return {
      Parallelism: 1,
      Order: order,
      ...(failure_action ? { FailureAction: failure_action } : {}),
      ...(monitor ? { Monitor: (parseDurationMs(monitor) ?? 0) * 1_000_000 } : {}),
    };
  };
  return { UpdateConfig: config(deploy.update_config), RollbackConfig: config(deploy.rollback_config) };
}

describeOnEachSwarm('start-first in a Swarm, as docs/swarm.md recommends it', ({ engine, itHere, swarm }) => {
  itHere(
    'loses no request of 100 a second, by names that the engine answers with the addresses of the tasks',
    async () => {
      const service = await Service.start({ DOCKER_HOST: engine.dockerHost, SETTLE_TIME: '1s' });
      const network = uniqueName('front');
      await engine.docker.createNetwork({ Name: network, Driver: 'overlay', Attachable: true });
      const nginx = nginxBase();
      const proxy = uniqueImage('proxy');
      await publish(docker, proxy, proxyImage(nginx));
      const image = uniqueImage('swarmed');
      await publish(docker, image, drainingApp(nginx, 'v1'));
      const { name } = await swarm().run(image, {
        ...recommended(),
        Mode: { Replicated: { Replicas: 2 } },
        // A virtual IP takes IP_VS, which not every kernel has.
        EndpointSpec: { Mode: 'dnsrr' },
        TaskTemplate: {
          ContainerSpec: { Image: '', StopGracePeriod: 20_000_000_000 },
          Networks: [{ Target: network }],
        },
      });
      const { container, port } = await runReverseProxy(engine.docker, proxy, network, { '/': name });
      const url = `http://127.0.0.1:${port}/`;
      try {
        await until(url, 30_000, () => engine.fetchText(url));
        await publish(docker, image, drainingApp(nginx, 'v2'));
        await service.ready();
        const load = HttpLoad.start(engine, 100, [url]);
        const deployment = await service.update(name, 150_000);
        const { requests, answers, ...seen } = await load.end();
        expect(deployment).toMatchObject({ status: 'succeeded', result: 'updated', service: name });
        expect(seen).toMatchObject({ failed: 0, failures: [] });
        expect(answers.sort()).toEqual(['v1', 'v2']);
        expect(requests).toBeGreaterThan(1000);
        expect(await engine.fetchText(url)).toBe('v2');
      } finally {
        await container.remove({ force: true });
        await swarm().remove(name);
        await engine.docker.getNetwork(network).remove();
        await service.stop();
      }
    },
    300_000,
  );
});
