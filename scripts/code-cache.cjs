// Writes the compiled code of bundle/service.cjs beside it, with all that its start calls. Usage: node scripts/code-cache.cjs
const { writeFileSync } = require('node:fs');

// What is compiled is what has been called: all that is loaded, and nothing that a service does.
process.argv[2] = 'version';
const { script, codeCache } = require('../bundle/main.cjs');
writeFileSync(codeCache, script.createCachedData());
