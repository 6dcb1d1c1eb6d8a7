/** The rooms of src/ and the arrows between them: see ARCHITECTURE.md. Each may import src/common. */
const rooms = {
  common: [],
  config: [],
  http: ['config'],
  redis: ['config', 'http'],
  auth: ['config', 'http'],
  deployments: ['config', 'redis'],
  docker: ['config'],
  queue: ['config', 'deployments', 'docker', 'redis'],
  notify: ['config', 'http', 'auth', 'deployments', 'docker', 'queue'],
  api: ['config', 'http', 'auth', 'deployments', 'queue', 'notify'],
  metrics: ['config', 'http', 'auth', 'deployments', 'queue', 'docker'],
  notifications: ['config', 'deployments'],
  health: ['config', 'auth', 'queue', 'docker', 'redis'],
  commands: ['config', 'docker'],
};

/** The rooms of src/docker. docker.module.ts and docker.service.ts may import each. */
const dockerRooms = {
  engine: [],
  update: ['engine'],
  images: ['engine', 'update'],
  recreate: ['engine', 'update'],
  rules: ['engine', 'images', 'update'],
  instance: ['engine', 'recreate', 'update'],
  report: ['engine', 'images', 'recreate', 'update'],
  swarm: ['engine', 'images', 'instance', 'report', 'rules', 'update'],
  inspect: ['engine', 'images', 'instance', 'recreate', 'rules', 'swarm', 'update'],
  cutover: ['engine', 'images', 'recreate', 'report', 'rules', 'update'],
  prepare: ['cutover', 'engine', 'images', 'inspect', 'recreate', 'rules', 'update'],
  recovery: ['cutover', 'engine', 'images', 'inspect', 'report', 'rules', 'update'],
  runner: [
    'cutover',
    'engine',
    'images',
    'inspect',
    'instance',
    'prepare',
    'recovery',
    'report',
    'rules',
    'swarm',
    'update',
  ],
  plan: [
    'cutover',
    'engine',
    'images',
    'inspect',
    'instance',
    'prepare',
    'recreate',
    'report',
    'rules',
    'swarm',
    'update',
  ],
};

const arrows = (folder, mayImport, everywhere) =>
  Object.entries(mayImport).map(([room, others]) => ({
    name: `${folder.split('/').at(-1)}-${room}-arrows`,
    severity: 'error',
    comment: `${folder}/${room} may import: ${[...others, ...everywhere].join(', ') || 'no other room'}`,
    from: { path: `^${folder}/${room}/` },
    to: { path: `^${folder}/`, pathNot: `^${folder}/(${[room, ...others, ...everywhere].join('|')})/` },
  }));

module.exports = {
  forbidden: [
    ...arrows('src', rooms, ['common']),
    ...arrows('src/docker', dockerRooms, []),
    {
      name: 'only-docker-knows-dockerode',
      severity: 'error',
      from: { pathNot: '^(src/docker|test|bench)/' },
      to: { path: 'node_modules/(dockerode|docker-modem)/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'production-code-needs-dependencies-alone',
      severity: 'error',
      from: { path: '^src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
  },
};
