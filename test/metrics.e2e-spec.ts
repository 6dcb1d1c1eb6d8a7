// @needs internet: for promtool, a Debian package, where it is not there.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runApp } from './support/fixtures/apps.js';
import { debianProgram } from './support/runner/debian-program.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage, uniqueName } from './support/runner/environment.js';
import { publish, publishUnseen } from './support/fixtures/images.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';

const monitoring = 'deploy/monitoring';

/** The value of the series with these labels; undefined where the scrape has none. */
function valueOf(scrape: string, name: string, labels: Record<string, string> = {}): number | undefined {
  const line = scrape
    .split('\n')
    .find(
      (text) =>
        text.startsWith(`${name}${Object.keys(labels).length > 0 ? '{' : ' '}`) &&
        Object.entries(labels).every(([key, value]) => text.includes(`${key}="${value}"`)),
    );
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** The names of the metrics that a scrape describes, with those that a histogram is made of. */
function metricNames(scrape: string): Set<string> {
  const described = [...scrape.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    described.flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`) : [name],
    ),
  );
}

/** Every PromQL expression of the dashboard and of the alert rules. */
function expressions(): string[] {
  const dashboard = JSON.parse(readFileSync(`${monitoring}/grafana-dashboard.json`, 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const rules = readFileSync(`${monitoring}/alerts.yaml`, 'utf8');
  return [
    ...dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)),
    ...[...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, expr = '']) => expr),
  ];
}

describeOnEngine('metrics of real deployments', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-metrics-'));
  let service: Service;
  let metricsPort: number;
  let app: { name: string };
  let scrape = '';

  const scraped = async (): Promise<string> =>
    (await fetch(`http://127.0.0.1:${metricsPort}/metrics`, { signal: AbortSignal.timeout(5000) })).text();

  beforeAll(async () => {
    metricsPort = await freePort();
    service = await Service.start({ DOCKER_HOST: testEnvironment().dockerHost, METRICS_PORT: String(metricsPort) });
    await service.ready();
    const image = uniqueImage('measured');
    app = await runApp(image, { version: 'v1' });
    await publishUnseen(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    expect(await service.update(app.name)).toMatchObject({ result: 'up_to_date' });
    await publish(docker, image, { version: 'bad', cmd: ['/bin/sh', '-c', 'exit 3'] });
    expect(await service.update(app.name)).toMatchObject({ status: 'rolled_back' });
    expect(await service.update(uniqueName('nowhere'))).toMatchObject({ status: 'failed' });
    await service.fetch('/notify/web', { method: 'POST', headers: { Authorization: 'Bearer wrong' } });
    await service.fetch(`/made-up/${'x'.repeat(50)}`);
    scrape = await scraped();
  }, 180_000);
  afterAll(async () => {
    await service.stop();
    rmSync(folder, { recursive: true });
  });

  it('counts deployments by container and result, each at its end', () => {
    const total = 'trigger_docker_pull_deployments_total';
    for (const result of ['updated', 'up_to_date', 'rolled_back'])
      expect(valueOf(scrape, total, { container: app.name, result })).toBe(1);
    expect(valueOf(scrape, 'trigger_docker_pull_deployment_failures_total', { code: 'exited' })).toBe(1);
    expect(valueOf(scrape, 'trigger_docker_pull_rollback_failures_total')).toBe(0);
    expect(
      valueOf(scrape, 'trigger_docker_pull_deployment_last_success_timestamp_seconds', { container: app.name }),
    ).toBeGreaterThan(Date.now() / 1000 - 120);
  });

  it('names no container that was not found, and no path that was made up', () => {
    expect(valueOf(scrape, 'trigger_docker_pull_deployments_total', { container: '', result: 'failed' })).toBe(1);
    expect(scrape).not.toContain('nowhere');
    expect(scrape).not.toContain('made-up');
  });

  it('measures durations, stages, waiting, time without service and pulled bytes', () => {
    const duration = 'trigger_docker_pull_deployment_duration_seconds';
    expect(valueOf(scrape, `${duration}_count`, { result: 'updated' })).toBe(1);
    expect(valueOf(scrape, `${duration}_bucket`, { result: 'updated', le: '300' })).toBe(1);
    for (const stage of ['inspect', 'pull', 'prepare', 'swap', 'prove', 'commit', 'rollback'])
      expect(valueOf(scrape, 'trigger_docker_pull_deployment_stage_duration_seconds_count', { stage })).toBeGreaterThan(
        0,
      );
    expect(valueOf(scrape, 'trigger_docker_pull_queue_wait_seconds_count')).toBe(4);
    expect(valueOf(scrape, 'trigger_docker_pull_deployment_downtime_seconds_sum')).toBeGreaterThan(0);
    expect(valueOf(scrape, 'trigger_docker_pull_pulled_bytes_total')).toBeGreaterThan(0);
  });

  it('tells the queue, the engine, requests, refusals and the process', () => {
    expect(valueOf(scrape, 'trigger_docker_pull_queue_length')).toBe(0);
    expect(valueOf(scrape, 'trigger_docker_pull_queue_capacity')).toBe(1024);
    expect(valueOf(scrape, 'trigger_docker_pull_deployments_in_progress')).toBe(0);
    expect(valueOf(scrape, 'trigger_docker_pull_engine_up')).toBe(1);
    const requests = 'trigger_docker_pull_http_requests_total';
    expect(valueOf(scrape, requests, { method: 'POST', route: '/notify/:container', code: '202' })).toBe(4);
    expect(valueOf(scrape, requests, { route: 'none', code: '404' })).toBeGreaterThan(0);
    expect(valueOf(scrape, 'trigger_docker_pull_auth_failures_total', { reason: 'unauthorized' })).toBe(1);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(valueOf(scrape, 'trigger_docker_pull_build_info', { version, node_version: process.version })).toBe(1);
    expect(valueOf(scrape, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  });

  it('is on the main port for callers with credentials alone, and nothing else is on its own port', async () => {
    const response = await service.fetch('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(metricNames(await response.text())).toEqual(metricNames(scrape));
    expect((await service.fetch('/metrics', { headers: { Authorization: '' } })).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${metricsPort}/health`)).status).toBe(404);
  });

  it('has every metric that the dashboard and the alerts ask for', () => {
    const known = metricNames(scrape);
    const asked = expressions().flatMap((expr) => expr.match(/\b(trigger_docker_pull|process|nodejs)_[a-z_]+/g) ?? []);
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
  });

  const program = debianProgram('promtool', ['prometheus']);
  const promtool = (args: string[], input?: string): string => {
    const { status, stdout, stderr } = spawnSync(program?.path ?? '', args, {
      input,
      encoding: 'utf8',
      timeout: 30_000,
      env: { ...process.env, ...program?.env },
    });
    if (status !== 0) throw new Error(`promtool ${args.join(' ')}:\n${stdout}${stderr}`);
    return stdout;
  };

  (program ? it : it.skip)('is a scrape, are rules and are alerts that promtool finds nothing wrong with', () => {
    promtool(['check', 'metrics'], scrape);
    promtool(['check', 'rules', `${monitoring}/alerts.yaml`]);
    promtool(['test', 'rules', `${monitoring}/alerts.test.yaml`]);
    // Each panel's expression is one that Prometheus can read: as rules, for there is no other offline check.
    const rules = expressions().map((expr, index) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const file = join(folder, 'panels.yaml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    promtool(['check', 'rules', file]);
  });

  it('ships a dashboard, alerts and their tests, and nothing that no test knows', () => {
    expect(readdirSync(monitoring).sort()).toEqual([
      'alerts.test.yaml',
      'alerts.yaml',
      'grafana-dashboard.json',
      'prometheus.yaml',
    ]);
    expect(existsSync(`${monitoring}/prometheus.yaml`)).toBe(true);
  });
});
