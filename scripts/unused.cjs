// In the bundle, instead of packages that are loaded and never called: scripts/bundle.mjs names them.
module.exports = {};
