// bundle/main.cjs: runs bundle/service.cjs, from its compiled code where that was made by this very Node (see code-cache.cjs).
// V8 looks itself whether it can use it, and compiles the source where not. Nothing is written, so that a read-only container does.
const { Buffer } = require('node:buffer');
const { closeSync, openSync, readSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, 'service.cjs');
const codeCache = join(__dirname, `service.${process.version}-${process.arch}.cache`);
const sizeOf = (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
// For the one and then the other: memory that nobody has touched yet takes longer than what is read into it.
const space = Buffer.allocUnsafeSlow(Math.max(sizeOf(filename), sizeOf(codeCache)));

const script = new Script(read(filename).latin1Slice(), {
  filename,
  cachedData: sizeOf(codeCache) > 0 ? read(codeCache) : undefined,
});
script.runInThisContext()(require, module, exports, filename, __dirname);

module.exports = { script, codeCache };

function read(file) {
  const descriptor = openSync(file);
  const length = readSync(descriptor, space);
  closeSync(descriptor);
  return space.subarray(0, length);
}
