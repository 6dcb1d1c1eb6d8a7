import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { UpdateError } from '../update/outcome.js';
import { readPullStream, type PullStream } from './pull-stream.js';
import type { LayerProgress } from '../update/running-update.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const patient = { idleTimeoutMs: 10_000 };
const success = [
  { status: 'Pulling from me/app', id: 'v1' },
  { status: 'Already exists', progressDetail: {}, id: 'aaa' },
  { status: 'Pulling fs layer', progressDetail: {}, id: 'bbb' },
  { status: 'Waiting', progressDetail: {}, id: 'bbb' },
  { status: 'Downloading', progressDetail: { current: 40, total: 100 }, progress: '[=>   ]', id: 'bbb' },
  { status: 'Verifying Checksum', progressDetail: {}, id: 'bbb' },
  { status: 'Download complete', progressDetail: {}, id: 'bbb' },
  { status: 'Extracting', progressDetail: { current: 5, total: 100 }, id: 'bbb' },
  { status: 'Pull complete', progressDetail: {}, id: 'bbb' },
  { status: `Digest: ${digest}` },
  { status: 'Status: Downloaded newer image for registry:5000/me/app:v1' },
];
const result = {
  status: 'Downloaded newer image for registry:5000/me/app:v1',
  digest,
  layers: 2,
  bytes: 100,
};

const text = (messages: object[]) => messages.map((message) => `${JSON.stringify(message)}\r\n`).join('');
const read = (body: string | Buffer, options = patient) => readPullStream(chunksOf([Buffer.from(body)]), options);
const failure = (reading: Promise<unknown>) =>
  reading.then(
    (value) => {
      throw new Error(`it did not fail: ${JSON.stringify(value)}`);
    },
    (error: unknown) => error as UpdateError,
  );

describe('readPullStream', () => {
  it('says what was pulled', async () => {
    expect(await read(text(success))).toEqual(result);
  });

  it.each<[string, object[], object]>([
    [
      'an image that is up to date',
      [{ status: 'Status: Image is up to date for app:1' }],
      { status: 'Image is up to date for app:1', layers: 0 },
    ],
    ['a digest alone', [{ status: `Digest: ${digest}` }], { digest, layers: 0 }],
    [
      'a digest of another form',
      [{ status: 'Digest: sha256:x' }, { status: 'Status: ok' }],
      { status: 'ok', layers: 0 },
    ],
    [
      'lines without a status',
      [{ aux: { ID: 'x' } }, { status: null }, {}, { status: 'Status: ok' }],
      { status: 'ok', layers: 0 },
    ],
    ['empty errors', [{ error: '', errorDetail: null, status: 'Status: ok' }], { status: 'ok', layers: 0 }],
    [
      'details that are none',
      [
        { status: 'Downloading', id: 'a' },
        { status: 'Downloading', id: 'a', progressDetail: { current: 'x', total: -1 } },
        { status: 'Status: ok' },
      ],
      { status: 'ok', layers: 1 },
    ],
  ])('accepts %s', async (_, messages, expected) => {
    expect(await read(text(messages))).toEqual(expected);
  });

  it.each([
    ['an unterminated last line', text(success).trimEnd()],
    ['line feeds alone', text(success).replaceAll('\r', '')],
    ['blank lines', text(success).replaceAll('\n', '\n\n \r\n')],
  ])('accepts %s', async (_, body) => {
    expect(await read(body)).toEqual(result);
  });

  it.each<[string, object, string, string]>([
    ['an error', { error: 'no space left on device' }, 'disk_full', 'no space left on device'],
    [
      'an errorDetail alone (apocas/docker-modem#146)',
      { errorDetail: { message: 'unexpected EOF' } },
      'pull_failed',
      'unexpected EOF',
    ],
    ['both', { errorDetail: { code: 1, message: 'in detail' }, error: 'in short' }, 'pull_failed', 'in detail'],
    ['an errorDetail without a message', { errorDetail: {}, error: 'in short' }, 'pull_failed', 'in short'],
    ['an errorDetail that is a text', { errorDetail: 'in short' }, 'pull_failed', 'in short'],
    ['an error without a reason', { errorDetail: {} }, 'pull_failed', 'the engine gave no reason'],
    [
      'an error beside a status',
      { status: 'Status: ok', error: 'manifest unknown' },
      'pull_not_found',
      'manifest unknown',
    ],
    [
      'a denial',
      { errorDetail: { message: 'unauthorized: authentication required' } },
      'pull_unauthorized',
      'credentials',
    ],
  ])('fails on %s, be it the last line without its end', async (_, message, code, words) => {
    for (const body of [
      text([...success, message]),
      text([message, ...success]),
      text([...success, message]).trimEnd(),
    ]) {
      const error = await failure(read(body));
      expect(error).toBeInstanceOf(UpdateError);
      expect(error).toMatchObject({ code, stage: 'pull' });
      expect(error.message).toContain(words);
    }
  });

  it.each([
    ['HTML', '<html><body><h1>502 Bad Gateway</h1></body></html>'],
    ['a torn line', '{"status":"Downloading","id":'],
    ['a number', '42'],
    ['null', 'null'],
    ['a list', '[{"status":"Status: ok"}]'],
    ['two documents on a line', '{"status":"a"}{"status":"b"}'],
  ])('fails on a line that is not a JSON object: %s', async (_, line) => {
    for (const body of [`${text(success)}${line}`, `${line}\n${text(success)}`]) {
      const error = await failure(read(body));
      expect(error).toMatchObject({ code: 'pull_failed', stage: 'pull' });
      expect(error.message).toContain(`not the engine's: ${JSON.stringify(line)}`);
    }
  });

  it('quotes at most 200 characters of such a line', async () => {
    expect((await failure(read('x'.repeat(10_000)))).message).toContain(`"${'x'.repeat(199)}…"`);
  });

  it.each([
    ['nothing', '', '"nothing"'],
    ['blank lines', '\r\n\r\n', '"nothing"'],
    ['all but the end', text(success.slice(0, -2)), '"Pull complete"'],
  ])('fails on an answer that ends after %s', async (_, body, lastWord) => {
    const error = await failure(read(body));
    expect(error).toMatchObject({ code: 'pull_failed', stage: 'pull' });
    expect(error.message).toContain('before the pull was finished');
    expect(error.message).toContain(lastWord);
  });

  it('bounds the length of a line', async () => {
    const long = (length: number) => `${JSON.stringify({ status: 'x' })}${' '.repeat(length - 14)}\n${text(success)}`;
    expect(await read(long(1024 * 1024))).toEqual(result);
    expect((await failure(read(long(1024 * 1024 + 1)))).message).toContain('1 MiB');
  });

  it('stops reading a line without an end', async () => {
    let read = 0;
    const endless = (function* () {
      for (;;) yield Buffer.alloc(++read && 64 * 1024, 'x');
    })();
    expect((await failure(readPullStream(chunksOf(endless), patient))).message).toContain('1 MiB');
    expect(read).toBe(17);
  });

  it('bounds what it keeps of layers', async () => {
    const many = Array.from({ length: 3000 }, (_, id) => ({ status: 'Pulling fs layer', id: String(id) }));
    const long = { status: 'Pulling fs layer', id: 'x'.repeat(100_000) };
    expect((await read(text([long, ...many, ...success]))).layers).toBe(1024);
  });

  it('reports progress', async () => {
    const onProgress = jest.fn<(progress: LayerProgress) => void>();
    await readPullStream(chunksOf([Buffer.from(text(success))]), { ...patient, onProgress });
    expect(onProgress).toHaveBeenCalledTimes(8);
    expect(onProgress).toHaveBeenNthCalledWith(1, { layersDone: 1, layersTotal: 1, currentBytes: 0, totalBytes: 0 });
    expect(onProgress).toHaveBeenNthCalledWith(4, { layersDone: 1, layersTotal: 2, currentBytes: 40, totalBytes: 100 });
    expect(onProgress).toHaveBeenLastCalledWith({ layersDone: 2, layersTotal: 2, currentBytes: 100, totalBytes: 100 });
  });

  it('ends with what a listener throws', async () => {
    const onProgress = () => {
      throw new Error('listener');
    };
    const stream = chunksOf([Buffer.from(text(success))]);
    await expect(readPullStream(stream, { ...patient, onProgress })).rejects.toThrow('listener');
    expect(stream.isReturned).toBe(true);
  });

  it('reads the same wherever the borders of the chunks are', async () => {
    const outcome = (chunks: Buffer[]): Promise<unknown> =>
      readPullStream(chunksOf(chunks), patient).catch((error: unknown) => {
        const { code, message } = error as UpdateError;
        return { code, message };
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.constant(success), anyMessages), { maxLength: 3 }),
        ending,
        cuts,
        async (groups, end, at) => {
          const body = Buffer.from(text(groups.flat()) + end);
          expect(await outcome(cutAt(body, at))).toEqual(await outcome([body]));
          expect(await outcome(cutAt(body, [...body.keys()]))).toEqual(await outcome([body]));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps what a status says, in whatever script', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), cuts, async (words, at) => {
        fc.pre(words.trim() === words && !/[^\S ]| {2}|\p{Cc}|:\/\//u.test(words));
        const body = Buffer.from(text([{ status: `Status: ${words}` }]));
        expect((await readPullStream(chunksOf(cutAt(body, at)), patient)).status).toBe(words);
      }),
    );
  });

  it('settles with a result or an UpdateError, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array(),
            fc.json().map((value) => Buffer.from(`${value}\n`)),
          ),
        ),
        async (chunks) => {
          const settled = await readPullStream(chunksOf(chunks), patient).catch((error: unknown) => error);
          if (settled instanceof Error) expect(settled).toBeInstanceOf(UpdateError);
        },
      ),
    );
  });
});

describe('readPullStream of a live connection', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
  });

  /** The stream of an answer, and a promise of the end of its connection as the engine sees it. */
  async function connect(answer: (response: ServerResponse) => void, signal?: AbortSignal) {
    let isClosed: Promise<unknown> = Promise.resolve();
    server = createServer((_, response) => {
      isClosed = once(response, 'close');
      answer(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const request = get({ port: (server.address() as AddressInfo).port, agent: false, signal });
    const [stream] = (await once(request, 'response')) as [IncomingMessage];
    return { stream, isClosed: () => isClosed };
  }

  it('reads an answer to its end', async () => {
    const { stream } = await connect((response) => response.end(text(success)));
    expect(await readPullStream(stream, patient)).toEqual(result);
  });

  it('fails on silence, and closes the connection', async () => {
    const { stream, isClosed } = await connect((response) => response.write(text(success.slice(0, 3))));
    const error = await failure(readPullStream(stream, { idleTimeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'pull_timeout', stage: 'pull' });
    expect(error.message).toContain('for 0.05 s');
    await isClosed();
  });

  it('is patient while the engine goes on', async () => {
    const { stream } = await connect((response) => {
      void (async () => {
        for (const message of success) {
          response.write(text([message]));
          await setTimeout(60);
        }
        response.end();
      })();
    });
    expect(await readPullStream(stream, { idleTimeoutMs: 400 })).toEqual(result);
  });

  it('closes the connection of an engine that goes on after an error', async () => {
    const { stream, isClosed } = await connect((response) => response.write(text([{ error: 'boom' }])));
    expect((await failure(readPullStream(stream, patient))).message).toContain('boom');
    await isClosed();
  });

  it('fails when the connection breaks off', async () => {
    const { stream } = await connect((response) => {
      response.write(text(success), () => response.destroy());
    });
    const error = await failure(readPullStream(stream, patient));
    expect(error).toMatchObject({ code: 'pull_failed', stage: 'pull' });
    expect(error.message).toContain('broke off in the middle of the pull (aborted)');
  });

  it.each([
    ['the reader alone', false],
    ['the request too', true],
  ])('ends with the reason when %s is given up', async (_, isRequestAborted) => {
    const controller = new AbortController();
    const { signal } = controller;
    const { stream, isClosed } = await connect(
      (response) => response.write(text(success.slice(0, 3))),
      isRequestAborted ? signal : undefined,
    );
    const reading = failure(readPullStream(stream, { ...patient, signal }));
    await setTimeout(20);
    controller.abort(new Error('given up'));
    expect((await reading).message).toBe('given up');
    await isClosed();
  });

  it('reads nothing once it is given up', async () => {
    const { stream, isClosed } = await connect((response) => response.write(text(success)));
    const error = await failure(
      readPullStream(stream, { ...patient, signal: AbortSignal.abort(new Error('given up')) }),
    );
    expect(error.message).toBe('given up');
    await isClosed();
  });

  it('lets go of its signal', async () => {
    const { signal } = new AbortController();
    const added = jest.spyOn(signal, 'addEventListener');
    const removed = jest.spyOn(signal, 'removeEventListener');
    await readPullStream(chunksOf([Buffer.from(text(success))]), { ...patient, signal });
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});

const layerMessage = fc.record({
  status: fc.constantFrom(
    'Pulling fs layer',
    'Downloading',
    'Download complete',
    'Pull complete',
    'Already exists',
    'Retrying in 3 seconds',
  ),
  id: fc.constantFrom('a', 'b', 'c'),
  progressDetail: fc.record({ current: fc.nat(), total: fc.nat() }),
});
const anyMessages = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: layerMessage },
    { weight: 3, arbitrary: fc.record({ status: fc.string({ unit: 'binary' }) }) },
    { weight: 1, arbitrary: fc.record({ errorDetail: fc.record({ message: fc.string({ unit: 'grapheme' }) }) }) },
  ),
  { maxLength: 6 },
);
const ending = fc.oneof(
  fc.constant(''),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme' }).map((words) => JSON.stringify({ status: `Status: ${words}` })),
);
const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 12 });

function cutAt(body: Buffer, positions: number[]): Buffer[] {
  const borders = [0, ...positions.filter((at) => at <= body.length).sort((a, b) => a - b), body.length];
  return borders.slice(1).map((end, index) => body.subarray(borders[index], end));
}

function chunksOf(chunks: Iterable<Uint8Array>): PullStream & { isReturned: boolean } {
  const iterator = chunks[Symbol.iterator]();
  const stream = {
    isReturned: false,
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve(iterator.next()),
      return: () => {
        stream.isReturned = true;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  return stream;
}
