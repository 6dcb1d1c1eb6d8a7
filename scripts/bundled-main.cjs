// bundle/main.cjs: runs bundle/service.cjs, from its compiled code where that was made by this very Node (see code-cache.cjs).
// V8 looks itself whether it can use it, and compiles the source where not. Nothing is written, so that a read-only container does.
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'service.cjs');
const codeCache = join(__dirname, `service.${process.version}-${process.arch}.cache`);
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData: existsSync(codeCache) ? readFileSync(codeCache) : undefined,
});
script.runInThisContext()(require, module, exports, filename, __dirname);

module.exports = { script, codeCache };
