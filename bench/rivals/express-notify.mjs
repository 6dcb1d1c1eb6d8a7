// The least that accepts notifies on Express: the same check of the secret, an equal answer and an equal log line.
import express from 'express';
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { performance } from 'node:perf_hooks';

const digestOf = (text) => createHash('sha256').update(text).digest();
const expected = digestOf(process.env.SECRET_KEY);

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/', (_, response) => {
  response.json({ status: 'ok' });
});
app.post('/notify/:container', (request, response) => {
  const began = performance.now();
  const requestId = randomUUID();
  response.setHeader('X-Request-Id', requestId);
  response.once('close', () => {
    process.stdout.write(
      `${JSON.stringify({
        level: 'info',
        pid: process.pid,
        timestamp: new Date().toISOString(),
        message: `${request.method} ${request.path} ${response.statusCode}`,
        context: 'Http',
        requestId,
        method: request.method,
        path: request.path,
        status: response.statusCode,
        durationMs: Math.round(performance.now() - began),
        from: request.ip,
      })}\n`,
    );
  });
  const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (!timingSafeEqual(digestOf(token), expected)) {
    response.status(401).json({ code: 'unauthorized' });
    return;
  }
  const id = randomUUID();
  response.status(202).location(`/deployments/${id}`).json({
    container: request.params.container,
    id,
    status: 'queued',
    coalesced: false,
    position: 1,
  });
});
app.listen(Number(process.env.PORT));
