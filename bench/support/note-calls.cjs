// Loaded into the service before all else (`node --require`): notes when each of its calls to the engine begins and ends, as the
// service itself sees it, and tells its parent when asked. What lies between them is the service's own.
const { subscribe } = require('node:diagnostics_channel');
const { Socket } = require('node:net');
const { performance } = require('node:perf_hooks');

let calls = [];
const under = new WeakMap();

/** When the first byte of each request was handed to the system: from then on the engine may be at work, and this process off its core. */
const written = new WeakMap();
const { write } = Socket.prototype;
Socket.prototype.write = function (...args) {
  const message = this._httpMessage;
  if (message && !written.has(message)) written.set(message, performance.now());
  return write.apply(this, args);
};

// Node announces a request only after it has written it.
subscribe('http.client.request.start', ({ request }) => {
  const beganMs = written.get(request) ?? performance.now();
  const call = { method: request.method, path: request.path, beganMs };
  calls.push(call);
  under.set(request, call);
});
subscribe('http.client.response.finish', ({ request, response }) => {
  const end = () => {
    const call = under.get(request);
    call.endedMs ??= performance.now();
  };
  response.once('end', end).once('close', end);
});

process.on('message', (word) => {
  if (word === 'forget') calls = [];
  else process.send(calls);
});
