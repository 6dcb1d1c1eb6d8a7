// Loaded into the service before all else (`node --require`): notes when each of its calls to the engine begins and ends, as the
// service itself sees it, and tells its parent when asked. What lies between them is the service's own.
const { subscribe } = require('node:diagnostics_channel');
const { performance } = require('node:perf_hooks');

let calls = [];
const under = new WeakMap();

subscribe('http.client.request.start', ({ request }) => {
  const call = { method: request.method, path: request.path, beganMs: performance.now() };
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
