// @needs internet: for the types of Kubernetes' own kinds, from npm.
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../src/config/settings.schema.js';
import { runApp, versionAt } from './support/fixtures/apps.js';
import { describeOnEngine, docker, testEnvironment, uniqueImage } from './support/runner/environment.js';
import { publish } from './support/fixtures/images.js';
import {
  kubernetesModels,
  Manifests,
  problemsOf,
  type Deployment,
  type Manifest,
  type PodSpec,
} from './support/kubernetes/kubernetes.js';
import { freePort } from './support/registry/registry.js';
import { Service } from './support/service/service.js';
import { hasOpenssl, makeCertificates, TlsEngine } from './support/engine/tls-engine.js';

const rendered = Manifests.render('deploy/kubernetes');
const manifests = rendered.all;
const find = (kind: string): Manifest => rendered.find(kind);
const deployment = (): Deployment => rendered.deployment;
const pod = (): PodSpec => rendered.pod;

(rendered.areThere ? describe : describe.skip)('deploy/kubernetes, as kubectl kustomize renders it', () => {
  it('is one instance, replaced and never doubled, that has the time to drain', () => {
    expect(deployment().spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    const drain = /^(\d+)s$/.exec(pod().containers[0].env.find(({ name }) => name === 'DRAIN_TIMEOUT')?.value ?? '');
    expect(pod().terminationGracePeriodSeconds).toBeGreaterThan(Number(drain?.[1]) + 10);
  });

  it("keeps to Kubernetes' restricted standard: no root, no capabilities, nothing written, no token", () => {
    expect(pod()).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    const [container] = pod().containers;
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources).toMatchObject({
      requests: { cpu: expect.anything() },
      limits: { memory: expect.anything() },
    });
    expect(pod().volumes.every(({ secret }) => typeof secret.secretName === 'string')).toBe(true);
    expect(container.volumeMounts.every(({ readOnly }) => readOnly === true)).toBe(true);
  });

  it('hangs together: selectors, ports, volumes, and the config map', () => {
    const { labels } = deployment().spec.template.metadata;
    const [container] = pod().containers;
    const ports = container.ports.map(({ name }) => name);
    const service = find('Service') as Manifest & {
      spec: { selector: Record<string, string>; ports: { name: string; targetPort: string }[] };
    };
    const policy = find('NetworkPolicy') as Manifest & {
      spec: { podSelector: { matchLabels?: Record<string, string> }; ingress: { ports: { port: string }[] }[] };
    };
    const monitor = find('ServiceMonitor') as Manifest & {
      spec: { selector: { matchLabels: Record<string, string> }; endpoints: { port: string }[] };
    };
    for (const selector of [
      deployment().spec.selector.matchLabels,
      service.spec.selector,
      policy.spec.podSelector.matchLabels,
    ])
      expect(labels).toMatchObject(selector ?? { there: 'is none' });
    expect(service.metadata.labels).toMatchObject(monitor.spec.selector.matchLabels);
    for (const { targetPort } of service.spec.ports) expect(ports).toContain(targetPort);
    for (const { port } of policy.spec.ingress.flatMap((rule) => rule.ports)) expect(ports).toContain(port);
    for (const { port } of monitor.spec.endpoints) expect(service.spec.ports.map(({ name }) => name)).toContain(port);
    expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(
      pod()
        .volumes.map(({ name }) => name)
        .sort(),
    );
    const named = container.env.flatMap(({ valueFrom }) => valueFrom?.configMapKeyRef ?? []);
    expect(named.map(({ name }) => name)).toEqual([find('ConfigMap').metadata.name]);
    expect(new Set(manifests.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['trigger-docker-pull']));
  });

  it('sets nothing but settings that the service has', () => {
    const known = Object.keys(settingsSchema.shape);
    for (const { name } of pod().containers[0].env) expect(known).toContain(name.replace(/_FILE$/, ''));
  });

  (kubernetesModels ? it : it.skip)(
    'has no field that Kubernetes does not know, and none of a wrong type',
    () => {
      const own = manifests.filter(({ kind }) => kind !== 'ServiceMonitor');
      expect(own.length).toBe(manifests.length - 1);
      expect(problemsOf(own)).toEqual([]);
      // And the check does find such a field.
      const { replicas, ...spec } = deployment().spec;
      const misspelt = own.map((manifest) =>
        manifest.kind === 'Deployment' ? { ...manifest, spec: { ...spec, replica: replicas } } : manifest,
      );
      expect(problemsOf(misspelt)).toEqual([expect.stringContaining('replica')]);
    },
    60_000,
  );
});

(rendered.areThere && hasOpenssl ? describeOnEngine : describe.skip)('the service, as the manifests start it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-kubernetes-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('finds its files, passes its probes and updates a container over TLS', async () => {
    const [container] = pod().containers;
    // The volumes as the kubelet mounts them, in a folder of this test.
    for (const { mountPath } of container.volumeMounts) mkdirSync(join(folder, mountPath), { recursive: true });
    makeCertificates(join(folder, '/run/docker-tls'));
    writeFileSync(join(folder, '/run/registry/config.json'), '{}');
    writeFileSync(join(folder, '/run/secret/secret-key'), Service.secret);
    const engine = await TlsEngine.start(testEnvironment().dockerHost, join(folder, '/run/docker-tls'));
    const metricsPort = await freePort();
    const env = Object.fromEntries(
      container.env.map(({ name, value }) => [name, value?.startsWith('/') ? join(folder, value) : (value ?? '')]),
    );
    const service = await Service.start({
      ...env,
      SECRET_KEY: '',
      DOCKER_HOST: engine.dockerHost,
      METRICS_PORT: String(metricsPort),
    });
    const portOf: Record<string, number> = { http: service.port, metrics: metricsPort };
    expect(container.ports).toEqual([
      { name: 'http', containerPort: 8080 },
      { name: 'metrics', containerPort: Number(env.METRICS_PORT) },
    ]);
    await service.ready();
    for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe])
      expect((await fetch(`http://127.0.0.1:${portOf[httpGet.port]}${httpGet.path}`)).status).toBe(200);
    const scrape = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(scrape).toContain('trigger_docker_pull_engine_up 1');

    const image = uniqueImage('clustered');
    const app = await runApp(image, { version: 'v1' });
    await publish(docker, image, { version: 'v2' });
    expect(await service.update(app.name)).toMatchObject({ result: 'updated' });
    expect(await versionAt(app.port)).toBe('v2');
    // The engine away: not ready, but alive, so that nothing restarts the service.
    engine.stop();
    expect((await fetch(`${service.url}${container.livenessProbe.httpGet.path}`)).status).toBe(200);
    expect(await service.stop()).toBe(0);
  }, 90_000);

  it('is documented with every Secret that it needs', () => {
    const docs = readFileSync('docs/kubernetes.md', 'utf8');
    for (const { secret } of pod().volumes) expect(docs).toContain(` ${secret.secretName} `);
  });
});
