import { describe, expect, it } from '@jest/globals';
import { parseReceivers } from './receivers.js';

describe('parseReceivers', () => {
  it('reads URLs with white space between them, and their format from the scheme or the host', () => {
    const list = `https://hooks.slack.com/services/T/B/x
      https://discord.com/api/webhooks/1/x slack+https://chat.example/hooks/x
      discord+http://localhost:9000/ https://ops.example/in?token=x`;
    expect(parseReceivers(list).map(({ url, format }) => [new URL(url).host, format])).toEqual([
      ['hooks.slack.com', 'slack'],
      ['discord.com', 'discord'],
      ['chat.example', 'slack'],
      ['localhost:9000', 'discord'],
      ['ops.example', 'json'],
    ]);
  });

  it('has none in an empty list', () => {
    expect(parseReceivers(' \n')).toEqual([]);
  });

  it.each(['ftp://x/y', 'hooks.slack.com/x', 'teams+https://x/'])(
    'refuses %p by its place, and does not repeat it',
    (url) => {
      expect(() => parseReceivers(`https://ok.example/ ${url}`)).toThrow('URL number 2');
      expect(() => parseReceivers(url)).not.toThrow(url);
    },
  );

  it('names a receiver without what is secret of it', () => {
    expect(parseReceivers('https://hooks.slack.com/services/T/B/s3cret').map(({ name }) => name)).toEqual([
      '1 (hooks.slack.com)',
    ]);
  });
});
