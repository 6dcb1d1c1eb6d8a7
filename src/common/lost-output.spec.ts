import { expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { surviveLostOutput } from './lost-output.js';

it('survives a line that cannot be written', async () => {
  const full = new Writable({
    write: (_chunk, _encoding, done) => {
      done(Object.assign(new Error('write'), { code: 'ENOSPC' }));
    },
  });
  expect(() => full.emit('error', new Error('write'))).toThrow('write');
  surviveLostOutput([full]);
  full.write('a line\n');
  await new Promise((resolve) => full.once('close', resolve));
});
