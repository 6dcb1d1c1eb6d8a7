// Writes the compiled code of bundle/service.cjs beside it. Usage: node scripts/code-cache.cjs
// What V8 has compiled is what has been called: so the service is started, without an engine, and ended when it answers.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { get } = require('node:http');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const startsWithinMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'code-cache-'));

// Its log is told only where it does not come up.
const log = [];
const write = process.stderr.write.bind(process.stderr);
process.stdout.write = process.stderr.write = (text) => log.push(text) > 0;
process.on('exit', (code) => {
  rmSync(folder, { recursive: true });
  if (code !== 0) write(log.join(''));
});
setTimeout(() => process.exit(1), startsWithinMs);

const probe = createServer().listen(0, '127.0.0.1', () => {
  const { port } = probe.address();
  probe.close(() => start(port));
});

function start(port) {
  for (const name of Object.keys(process.env)) if (name !== 'PATH') delete process.env[name];
  const settings = { NODE_ENV: 'production', PORT: `${port}`, SECRET_KEY: 'x'.repeat(32) };
  Object.assign(process.env, settings, { DOCKER_HOST: `unix://${join(folder, 'docker.sock')}` });
  process.argv.length = 2;
  const { script, codeCache } = require('../bundle/main.cjs');
  const look = () => setTimeout(() => get({ host: '127.0.0.1', port, path: '/health' }, answered).on('error', look), 5);
  const answered = (response) => {
    response.resume();
    if (response.statusCode !== 200) return look();
    writeFileSync(codeCache, script.createCachedData());
    process.exit(0);
  };
  look();
}
