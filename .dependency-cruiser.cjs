/** The rooms of src/ and the arrows between them: see ARCHITECTURE.md. */
const mayImport = {
  config: [],
  http: ['config'],
  redis: ['config', 'http'],
  auth: ['config', 'http'],
  deployments: ['config', 'http', 'redis'],
  docker: ['config'],
  queue: ['config', 'deployments', 'docker', 'redis'],
  notify: ['config', 'http', 'auth', 'deployments', 'docker', 'queue'],
  api: ['config', 'http', 'auth', 'deployments', 'queue', 'notify'],
  metrics: ['config', 'http', 'auth', 'deployments', 'queue', 'docker'],
  notifications: ['config', 'deployments'],
  health: ['config', 'auth', 'queue', 'docker', 'redis'],
};

module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(([room, others]) => ({
      name: `${room}-arrows`,
      severity: 'error',
      comment: `src/${room} may import: ${others.join(', ') || 'no other room'}`,
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${[room, ...others].join('|')})/` },
    })),
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
