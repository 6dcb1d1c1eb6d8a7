// bundle/main.cjs: the service. V8 keeps what it compiles in a folder beside it, and compiles it at each start if it cannot write there.
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');

enableCompileCache(join(__dirname, 'compile-cache'));
require('./service.cjs');
