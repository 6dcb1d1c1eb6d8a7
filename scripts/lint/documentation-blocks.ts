import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { codeBlocks } from '../../test/support/runner/documentation.js';

/** What runs or checks a block of the docs. */
interface Coverage {
  file: string;
  /** What the block is found by. */
  part: string;
  /** The test that runs or checks it; absent for what is a picture, or cannot be run, with the reason in `because`. */
  by?: string;
  /** What that test finds the block by, where it is not `part`. */
  where?: string;
  because?: string;
}

const image = 'test/image.e2e-spec.ts';
const recipes = 'test/recipes.e2e-spec.ts';
const ciClients = 'test/ci-clients.e2e-spec.ts';
const dryRun = 'test/dry-run.e2e-spec.ts';
const documentation = 'test/documentation.e2e-spec.ts';
const interference = 'test/interference.e2e-spec.ts';
const fleetCompose = 'test/fleet-compose.e2e-spec.ts';

/** Every block of the docs. One that is missing here fails the lint. */
const coverage: Coverage[] = [
  { file: 'README.md', part: 'CI ── docker push', because: 'a picture' },
  { file: 'README.md', part: 'npm run demo', by: '.ci/run', where: 'npm test' },
  { file: 'README.md', part: 'printf', by: image },
  { file: 'README.md', part: 'docker build', by: image },
  { file: 'README.md', part: 'services:', by: image },
  { file: 'README.md', part: 'docker compose up', by: image },
  { file: 'README.md', part: 'curl --fail-with-body -sS -X POST -H', by: image, where: 'curl --fail-with-body' },
  { file: 'README.md', part: '"coalesced":false', by: 'test/http.e2e-spec.ts', where: 'coalesced' },
  { file: 'README.md', part: '- name: Deploy', by: image, where: 'curl --fail-with-body' },
  { file: 'README.md', part: 'trigger-docker-pull check', by: dryRun, where: "'check'" },
  { file: 'docs/ci.md', part: '?wait=50', by: ciClients },
  { file: 'docs/ci.md', part: 'sh notify.sh', by: ciClients, where: 'notify.sh' },
  { file: 'docs/ci.md', part: 'docker/build-push-action', by: ciClients, where: 'docs/ci.md' },
  { file: 'docs/ci.md', part: 'component: $CI_SERVER_FQDN', by: ciClients, where: 'docs/ci.md' },
  { file: 'docs/ci.md', part: 'dry_run=true', by: ciClients },
  { file: 'docs/ci.md', part: 'trigger-docker-pull check', by: dryRun, where: "'check'" },
  { file: 'CONTRIBUTING.md', part: 'npm run demo', by: '.ci/run', where: 'npm run lint' },
  { file: 'ARCHITECTURE.md', part: 'CI ──POST', because: 'a picture' },
  { file: 'docs/fleet.md', part: 'three-hosts.compose.yaml', by: fleetCompose },
  { file: 'docs/fleet.md', part: '-addext subjectAltName', by: fleetCompose, where: 'SecuredRedis' },
  { file: 'docs/fleet.md', part: 's/change-me/', by: fleetCompose, where: 'change-me' },
  {
    file: 'docs/fleet.md',
    part: 'SREM trigger-docker-pull:hosts',
    by: 'test/redis-trouble.e2e-spec.ts',
    where: 'docs/fleet.md',
  },
  { file: 'docs/fleet.md', part: '-f agent.compose.yaml', by: fleetCompose, where: 'agent.compose.yaml' },
  { file: 'docs/kubernetes.md', part: 'kubectl create', by: 'test/kubernetes.e2e-spec.ts', where: 'secretName' },
  { file: 'docs/kubernetes.md', part: 'kubectl apply', by: 'test/kubernetes.e2e-spec.ts', where: 'deploy/kubernetes' },
  {
    file: 'docs/kubernetes.md',
    part: 'kubectl apply -k deploy/kubernetes/fleet',
    by: 'test/kubernetes-fleet.e2e-spec.ts',
    where: 'deploy/kubernetes/fleet',
  },
  {
    file: 'docs/kubernetes.md',
    part: 'trigger-docker-pull-redis',
    by: 'test/kubernetes-fleet.e2e-spec.ts',
    where: 'trigger-docker-pull-redis',
  },
  { file: 'docs/monitoring.md', part: 'docker logs', by: 'test/logs.e2e-spec.ts', where: 'deploymentId' },
  { file: 'docs/notifications.md', part: 'NOTIFICATION_URLS=', by: documentation, where: 'NOTIFICATION_URLS' },
  { file: 'docs/operating.md', part: 'docker ps', by: documentation },
  { file: 'docs/operating.md', part: 'docker rename web', by: documentation, where: 'docker rename' },
  { file: 'docs/operating.md', part: 'docker rm -f web-upd-old', by: interference, where: 'docker rm -f' },
  {
    file: 'docs/operating.md',
    part: 'trigger-docker-pull recover',
    by: 'test/recover.e2e-spec.ts',
    where: "'recover'",
  },
  { file: 'docs/operating.md', part: 'docker rm db', by: 'test/on-failure.e2e-spec.ts', where: '-upd-kept-' },
  {
    file: 'docs/policy.md',
    part: 'yaml-language-server',
    by: documentation,
  },
  { file: 'docs/policy.md', part: 'id-token: write', because: 'it runs on GitHub alone' },
  { file: 'docs/policy.md', part: 'deploy:', because: 'it runs on GitLab alone' },
  { file: 'docs/policy.md', part: 'issuer: https://gitlab', by: documentation },
  { file: 'docs/policy.md', part: 'frozen: true', by: documentation },
  { file: 'docs/registries.md', part: '-v /root/.docker', by: image, where: '/root' },
  { file: 'docs/registries.md', part: 'docker-credential-ecr-login', because: 'it asks AWS' },
  { file: 'docs/recipes.md', part: 'for container in', by: recipes },
  { file: 'docs/recipes.md', part: 'docker push', by: recipes },
  { file: 'docs/security.md', part: '--user 65534', by: image },
  { file: 'docs/security.md', part: 'reverse_proxy', by: documentation },
  { file: 'docs/security.md', part: 'proxy_pass', by: documentation },
  { file: 'docs/socket-proxy.md', part: 'deploy/socket-proxy/compose.yaml', by: 'test/socket-proxy.e2e-spec.ts' },
  { file: 'docs/swarm.md', part: 'update_config:', by: 'test/swarm-start-first.e2e-spec.ts', where: 'docs/swarm.md' },
  { file: 'docs/third-party-images.md', part: 'notify.env', by: recipes },
  { file: 'docs/third-party-images.md', part: '/notify.sh', by: recipes, where: 'notify.sh' },
];

/** @returns blocks of the docs that nothing runs or checks, and entries above that speak of nothing */
export function documentationBlocks(): string[] {
  const docs = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const files = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...docs.map((name) => `docs/${name}`),
  ];
  const unknown = files
    .flatMap(codeBlocks)
    .filter(({ file, text }) => !coverage.some((entry) => entry.file === file && text.includes(entry.part)))
    .map(({ file, text }) => `${file}: nothing is said to run or check the block "${text.split('\n', 1)[0] ?? ''}"`);
  return [...unknown, ...coverage.flatMap(problemsOf)];
}

function problemsOf({ file, part, by, where = part }: Coverage): string[] {
  if (!codeBlocks(file).some(({ text }) => text.includes(part))) return [`${file} has no block with "${part}"`];
  if (by && !existsSync(by)) return [`${by}, which covers "${part}" of ${file}, does not exist`];
  return by && !readFileSync(by, 'utf8').includes(where) ? [`${by} does not contain "${where}" of ${file}`] : [];
}
