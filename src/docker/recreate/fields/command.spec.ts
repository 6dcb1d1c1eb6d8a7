import { describe, expect, it } from '@jest/globals';
import { userCommand } from './command.js';

describe('userCommand', () => {
  const image = { Entrypoint: ['/entry'], Cmd: ['serve'] };

  it.each([
    ['nothing set', { Entrypoint: ['/entry'], Cmd: ['serve'] }, image, {}],
    ['the command', { Entrypoint: ['/entry'], Cmd: ['other'] }, image, { Cmd: ['other'] }],
    ['the entrypoint', { Entrypoint: ['/mine'], Cmd: null }, image, { Entrypoint: ['/mine'] }],
    ['both', { Entrypoint: ['/mine'], Cmd: ['x'] }, image, { Entrypoint: ['/mine'], Cmd: ['x'] }],
    ['the entrypoint as the image has it', { Entrypoint: ['/entry'], Cmd: [] }, image, { Entrypoint: ['/entry'] }],
    ['an emptied entrypoint', { Entrypoint: null, Cmd: ['x'] }, image, { Entrypoint: [''], Cmd: ['x'] }],
    [
      'an emptied one and the image’s command',
      { Entrypoint: null, Cmd: ['serve'] },
      image,
      { Entrypoint: [''], Cmd: ['serve'] },
    ],
    ['an empty list', { Entrypoint: [], Cmd: ['serve'] }, image, { Entrypoint: [] }],
    ['an empty list and a command', { Entrypoint: [], Cmd: ['x'] }, image, { Entrypoint: [], Cmd: ['x'] }],
    ['nothing, of an image without entrypoint', { Entrypoint: null, Cmd: ['x'] }, { Cmd: ['x'] }, {}],
    ['nothing, of an image with an empty one', { Entrypoint: [], Cmd: ['x'] }, { Entrypoint: [], Cmd: ['x'] }, {}],
  ])('%s', (_, container, from, expected) => {
    expect(userCommand(container, from)).toEqual(expected);
  });
});
