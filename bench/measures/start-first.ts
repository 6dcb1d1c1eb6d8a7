import { publish } from '../../test/support/fixtures/images.js';
import { HttpLoad } from '../../test/support/service/load.js';
import { nginxBase, proxyImage, runReverseProxy, slowApp } from '../../test/support/service/reverse-proxy.js';
import { until } from '../../test/support/runner/until.js';
import { answerOf, type Host } from '../support/host.js';
import type { Extent, Row } from '../support/measure.js';

const perSecond = 200;

/** Requests that are lost behind a reverse proxy, which finds the container by the engine's DNS, while an app that takes its time is updated. */
export async function startFirst(host: Host, { quick }: Extent): Promise<Row[]> {
  const listensAfterSeconds = quick ? 3 : 10;
  const nginx = nginxBase();
  const [image, proxy] = [host.image('start-first'), host.image('proxy')];
  await publish(host.docker, image, slowApp(nginx, 0, 'v1'));
  await publish(host.docker, proxy, proxyImage(nginx));
  const name = `${host.run.id}-start-first`;
  await host.docker.createNetwork({ Name: name });
  await host.runContainerOf({
    name,
    Image: image,
    Labels: { 'trigger-docker-pull.order': 'start-first', 'trigger-docker-pull.drain': '3s' },
    HostConfig: { NetworkMode: name },
  });
  const { container, port } = await runReverseProxy(host.docker, proxy, name, { '/': name });
  const url = `http://127.0.0.1:${port}/`;
  await until('an answer through the proxy', 30_000, () => answerOf(port));
  await publish(host.docker, image, slowApp(nginx, listensAfterSeconds, 'v2'));
  const service = await host.service();
  const load = HttpLoad.start({ private: undefined }, perSecond, [url]);
  await service.update(name);
  const { requests, failed, slowestMs, answers } = await load.end();
  await service.program.stop();
  await container.remove({ force: true });
  return [
    {
      measure: `\`start-first\` behind nginx, ${perSecond} requests/s, an app that takes ${listensAfterSeconds} s to listen`,
      baseline: '–',
      toReach: '0 failed requests',
      holds: failed === 0 && answers.includes('v2'),
      reached: `**${failed}** of ${requests} failed, the slowest answer took ${slowestMs} ms`,
    },
  ];
}
