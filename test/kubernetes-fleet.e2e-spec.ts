// @extended
// @needs internet: for the types of Kubernetes' own kinds, from npm, and redis-server.
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { settingsSchema } from '../src/config/settings.schema.js';
import { kubernetesModels, Manifests, problemsOf, type Manifest } from './support/kubernetes/kubernetes.js';
import { freePort } from './support/registry/registry.js';
import { redisProgram } from './support/service/redis.js';
import { SecuredRedis } from './support/service/secured-redis.js';
import { Service } from './support/service/service.js';
import { hasOpenssl } from './support/engine/tls-engine.js';

const folder = 'deploy/kubernetes/fleet';
const nameOfRedis = 'trigger-docker-pull-redis';

interface Selecting extends Manifest {
  spec: { selector: Record<string, string> & { matchLabels?: Record<string, string> }; [field: string]: unknown };
}
interface Policy extends Manifest {
  spec: {
    podSelector: { matchLabels: Record<string, string> };
    ingress: { from: Record<string, unknown>[]; ports: { port: string | number }[] }[];
    egress?: { to?: { podSelector?: { matchLabels: Record<string, string> } }[]; ports: { port: number }[] }[];
  };
}
interface RedisSet extends Manifest {
  spec: {
    serviceName: string;
    selector: { matchLabels: Record<string, string> };
    template: {
      metadata: { labels: Record<string, string> };
      spec: {
        containers: [
          { args: string[]; ports: { name: string; containerPort: number }[]; volumeMounts: { mountPath: string }[] },
        ];
        volumes: {
          name: string;
          secret?: { secretName: string };
          projected?: {
            sources: { configMap?: { name: string }; secret?: { name: string; items: { path: string }[] } }[];
          };
        }[];
        [field: string]: unknown;
      };
    };
  };
}

const manifests = Manifests.render(folder);
const redisSet = (): RedisSet => manifests.find('StatefulSet', nameOfRedis) as RedisSet;
const configuration = (): string => manifests.all.find(({ kind }) => kind === 'ConfigMap')?.data?.['redis.conf'] ?? '';

(manifests.areThere ? describe : describe.skip)(`${folder}, as kubectl kustomize renders it`, () => {
  it('is two replicas on two nodes, replaced one after the other, of which a drained node leaves one', () => {
    const { spec } = manifests.deployment;
    const { labels } = spec.template.metadata;
    expect(spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    });
    const [spread] = manifests.pod.topologySpreadConstraints as { labelSelector: { matchLabels: object } }[];
    expect(spread).toMatchObject({ maxSkew: 1, topologyKey: 'kubernetes.io/hostname' });
    expect(labels).toMatchObject(spread?.labelSelector.matchLabels ?? { there: 'is none' });
    const budget = manifests.find('PodDisruptionBudget') as Selecting;
    expect(budget.spec).toMatchObject({ minAvailable: 1 });
    expect(labels).toMatchObject(budget.spec.selector.matchLabels ?? { there: 'is none' });
    expect(redisSet().spec.template.metadata.labels).not.toMatchObject(budget.spec.selector.matchLabels ?? {});
  });

  it('has no way to an engine, and no credentials for one or for a registry', () => {
    const { container, pod } = manifests;
    const values = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
    expect(values.ROLE).toBe('api');
    expect(Object.keys(values).filter((name) => name.startsWith('DOCKER_'))).toEqual([]);
    expect(pod.volumes.map(({ secret }) => secret.secretName).sort()).toEqual([
      'trigger-docker-pull',
      nameOfRedis,
      `${nameOfRedis}-tls`,
    ]);
    // Of Redis' secrets, what a client needs: neither its users nor its key.
    const items = pod.volumes.flatMap(({ secret }) => secret.items ?? []).map(({ key }) => key);
    expect(items.sort()).toEqual(['ca.crt', 'redis-url']);
  });

  it('sets nothing but settings that the service has, and what Node reads', () => {
    const known = [...Object.keys(settingsSchema.shape), 'NODE_EXTRA_CA_CERTS'];
    for (const { name } of manifests.container.env) expect(known).toContain(name.replace(/_FILE$/, ''));
  });

  it("keeps to Kubernetes' restricted standard, Redis too", () => {
    for (const spec of [manifests.pod, redisSet().spec.template.spec]) {
      expect(spec).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(spec.containers[0]).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { limits: { memory: expect.anything() } },
      });
    }
  });

  it('lets replicas and Docker hosts to Redis, and nobody else, and replicas to Redis in place of an engine', () => {
    const [replicas, redis] = ['trigger-docker-pull', nameOfRedis].map(
      (name) => manifests.find('NetworkPolicy', name) as Policy,
    ) as [Policy, Policy];
    const labelsOf = {
      replicas: manifests.deployment.spec.template.metadata.labels,
      redis: redisSet().spec.template.metadata.labels,
    };
    expect(labelsOf.replicas).toMatchObject(replicas.spec.podSelector.matchLabels);
    expect(labelsOf.redis).toMatchObject(redis.spec.podSelector.matchLabels);
    expect(redis.spec.ingress).toEqual([
      {
        from: [
          { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'trigger-docker-pull' } } },
          { ipBlock: { cidr: expect.any(String) } },
        ],
        ports: [{ port: 'redis' }],
      },
    ]);
    expect(redis.spec.egress).toBeUndefined();
    const out = replicas.spec.egress?.flatMap(({ to, ports }) => ports.map(({ port }) => [port, to?.length])) ?? [];
    expect(out).toEqual([
      [53, 1],
      [53, 1],
      [6379, 1],
    ]);
    expect(labelsOf.redis).toMatchObject(
      replicas.spec.egress?.[1]?.to?.[0]?.podSelector?.matchLabels ?? { there: 'is none' },
    );
  });

  it('hangs together: the service of Redis, its ports, its configuration and where it finds its files', () => {
    const { serviceName, template, selector } = redisSet().spec;
    const service = manifests.find('Service', serviceName) as Selecting & {
      spec: { ports: { targetPort: string }[] };
    };
    const [container] = template.spec.containers;
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(template.metadata.labels).toMatchObject(service.spec.selector);
    expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual(container.ports.map(({ name }) => name));
    expect(configuration()).toBe(SecuredRedis.configuration());
    expect(configuration()).toContain(`tls-port ${container.ports[0]?.containerPort}\n`);
    const mounted = container.volumeMounts.map(({ mountPath }) => `${mountPath}/`);
    const files = [...configuration().matchAll(/ (\/\S+)$/gm)].map(([, path = '']) => `${path}/`);
    for (const file of [...files, `${container.args.at(-1) ?? ''}/`])
      expect([file, mounted.some((path) => file.startsWith(path))]).toEqual([file, true]);
    const maps = template.spec.volumes.flatMap(({ projected }) => projected?.sources ?? []);
    expect(maps.flatMap(({ configMap }) => configMap?.name ?? [])).toEqual([manifests.find('ConfigMap').metadata.name]);
    expect(new Set(manifests.all.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['trigger-docker-pull']));
  });

  it('is documented with every Secret that it needs, and with each of its keys', () => {
    const docs = readFileSync('docs/kubernetes.md', 'utf8');
    for (const { secret } of manifests.pod.volumes) {
      expect(docs).toContain(` ${secret.secretName} `);
      for (const { key } of secret.items ?? []) expect(docs).toMatch(new RegExp(`--from-(file|literal)=${key}`));
    }
  });

  (kubernetesModels ? it : it.skip)(
    'has no field that Kubernetes does not know, and none of a wrong type',
    () => {
      expect(problemsOf(manifests.all.filter(({ kind }) => kind !== 'ServiceMonitor'))).toEqual([]);
    },
    60_000,
  );
});

(manifests.areThere && redisProgram && hasOpenssl ? describe : describe.skip)(
  'a replica, as the manifests start it',
  () => {
    const root = mkdtempSync(join(tmpdir(), 'tdp-kubernetes-fleet-'));
    afterAll(() => {
      rmSync(root, { recursive: true });
    });

    it('has a replica that reaches Redis by TLS and with its user, and is alive while Redis is away', async () => {
      const { container } = manifests;
      const redis = await SecuredRedis.start(root, configuration());
      // The volumes as the kubelet mounts them, in a folder of this test.
      for (const { mountPath } of container.volumeMounts) mkdirSync(join(root, mountPath), { recursive: true });
      writeFileSync(join(root, '/run/redis-tls/ca.crt'), readFileSync(join(root, '/tls/ca.crt')));
      writeFileSync(join(root, '/run/redis/redis-url'), redis.urlFor());
      writeFileSync(join(root, '/run/secret/secret-key'), Service.secret);
      const env = Object.fromEntries(
        container.env.map(({ name, value = '' }) => [name, value.startsWith('/') ? join(root, value) : value]),
      );
      const replica = await Service.start({ ...env, SECRET_KEY: '', METRICS_PORT: String(await freePort()) });
      try {
        for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
          await replica.ready();
          expect((await fetch(`${replica.url}${httpGet.path}`)).status).toBe(200);
        }
        const asked = await replica.fetch('/notify/web?wait=20', { method: 'POST' });
        expect([asked.status, ((await asked.json()) as { code: string }).code]).toEqual([422, 'no_such_container']);
        // Redis away: not ready, but alive, so that nothing restarts the replica.
        redis.kill();
        expect((await replica.notify('web')).status).toBe(503);
        expect((await fetch(`${replica.url}${container.livenessProbe.httpGet.path}`)).status).toBe(200);
      } finally {
        redis.kill();
        await replica.kill();
      }
    }, 60_000);
  },
);
