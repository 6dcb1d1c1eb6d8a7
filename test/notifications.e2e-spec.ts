import { afterEach, expect, it } from '@jest/globals';
import { runApp } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import { Service } from './support/service/service.js';
import { until } from './support/runner/until.js';
import { WebhookReceiver } from './support/service/webhook-receiver.js';

describeOnEngine('webhooks that are told how deployments ended', () => {
  const receivers: WebhookReceiver[] = [];
  let service: Service;
  const receiver = async (answer?: WebhookReceiver['answer']): Promise<WebhookReceiver> => {
    const started = await WebhookReceiver.start(answer);
    receivers.push(started);
    return started;
  };
  const start = async (urls: string[], env: Record<string, string> = {}): Promise<void> => {
    service = await Service.start({
      DOCKER_HOST: testEnvironment().dockerHost,
      NOTIFICATION_URLS: urls.join('\n'),
      ...env,
    });
    await service.ready();
  };
  afterEach(async () => {
    await service.kill();
    for (const one of receivers.splice(0)) one.stop();
    expect(service.output.join('\n')).not.toContain('s3cret-path');
  });

  it('hear of updates and failures, each in its format, and not of what was up to date', async () => {
    const [json, slack, discord] = [await receiver(), await receiver(), await receiver()];
    await start([json.url, `slack+${slack.url}`, `discord+${discord.url}`]);
    const image = uniqueImage('told');
    const app = await runApp(image, { version: 'v1' });
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
    await publish(docker, image, { version: 'v2' });
    const updated = await service.update(app.name);
    const failed = await service.update(uniqueName('nowhere'));
    await until('six notifications', 10_000, () => receivers.every(({ bodies }) => bodies.length === 2) || undefined);
    expect(json.bodies).toMatchObject([
      {
        event: 'deployment.finished',
        deployment: { id: updated.id, status: 'succeeded', toImageId: updated.toImageId },
      },
      { event: 'deployment.finished', deployment: { id: failed.id, error: { code: 'no_such_container' } } },
    ]);
    expect(slack.bodies[0]?.text).toContain(`${app.name} was updated to ${image}`);
    expect(discord.bodies[1]?.content).toContain('no_such_container');
  });

  it('are tried again, and have no effect on deployments, neither late nor broken', async () => {
    const hanging = await receiver(() => undefined);
    let refusals = 1;
    const busy = await receiver((response) => void response.writeHead(refusals-- > 0 ? 503 : 200).end());
    const gone = await receiver((response) => void response.writeHead(404).end());
    await start([hanging.url, busy.url, gone.url], { NOTIFICATION_EVENTS: 'failures' });
    const deployments = [];
    for (const name of ['one', 'two']) deployments.push(await service.update(uniqueName(name)));
    expect(deployments.map(({ status }) => status)).toEqual(['failed', 'failed']);
    await until('a second attempt', 10_000, () => busy.bodies.length === 3 || undefined);
    expect(busy.bodies.map((body) => (body.deployment as { id: string }).id)).toEqual([
      ...[deployments[0]?.id, deployments[0]?.id, deployments[1]?.id],
    ]);
    const warned = (what: string): boolean => service.logs.some(({ message }) => message.includes(what));
    await until('a warning', 10_000, () => warned('it answered 404') || undefined);
    // The one that hangs holds up the stop for a moment only, and what it was not told is said.
    expect(await service.stop()).toBe(0);
    expect(warned('the service stops')).toBe(true);
  });

  it('that are no URLs end the start, by their place and not by what they are', async () => {
    await start([]);
    const { code, output } = await Service.failToStart({
      SECRET_KEY: 'x',
      NOTIFICATION_URLS: 'https://a/ s3cret-path',
    });
    expect(code).toBe(1);
    expect(output).toContain('NOTIFICATION_URLS has as URL number 2');
    expect(output).not.toContain('s3cret-path');
  });
});
