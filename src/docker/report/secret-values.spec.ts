import { describe, expect, it } from '@jest/globals';
import { commandSecrets, environmentSecrets, secretParts } from './secret-values.js';

describe('environmentSecrets', () => {
  it('takes the values of 8 characters or more, and shorter ones whose name says that they are secret', () => {
    const entries = ['A=1234567', 'B=12345678', 'EMPTY=', 'BARE', 'DB_PASSWORD=hunter2', 'API_KEY=abcd', 'TOKEN=abc'];
    expect(environmentSecrets(entries)).toEqual(['12345678', 'hunter2', 'abcd']);
    expect(environmentSecrets(['USE_PASSWORD=true', 'SECRET=none', 'MAX_TOKEN=4096', 'PWD=/app'])).toEqual([]);
  });
});

describe('secretParts', () => {
  it.each([
    ['postgres://app:hunter2@db/app', ['hunter2', 'app:hunter2']],
    ['redis://:hunter22@cache:6379/0', ['hunter22', ':hunter22']],
    ['postgres://app:p%40ss%2Fword@db/app', ['p%40ss%2Fword', 'p@ss/word', 'app:p@ss/word']],
    ['postgres://app:p@ss/w:rd@db/app', ['p@ss/w:rd', 'app:p@ss/w:rd']],
    ['mongodb://app:hunter22@a,b/app?x=y', ['hunter22', 'app:hunter22']],
    ['redis://:first-one@a redis://:second-one@b', ['first-one', 'second-one']],
    ['app:hunter22@tcp(db:3306)/app', ['hunter22', 'app:hunter22']],
    ['https://0123456789abcdef@sentry.example/1', ['0123456789abcdef']],
    ['host=db user=app password=hunter2 dbname=app', ['hunter2']],
    ['Server=db;User Id=sa;Password=hunter2;', ['hunter2']],
    ["password='with a space' x", ['with a space']],
    ['{"user":"app","password":"hunter2"}', ['hunter2']],
    ['https://host/?access_token=abcdef&x=1', ['abcdef']],
  ])('finds in %j the passwords %j', (value, passwords) => {
    expect(secretParts(value)).toEqual(expect.arrayContaining(passwords));
  });

  it.each([
    'git@github.com:me/app',
    'ssh://git@host/x',
    'https://host/a:b',
    'me@example.com',
    '10:20',
    'a://b://c',
    '',
  ])('finds none in %j', (value) => {
    expect(secretParts(value)).toEqual([]);
  });

  it.each(['://a:', "token='", 'token="', '@:', 'key: {"'])('takes a moment for many %j', (piece) => {
    const began = performance.now();
    secretParts(piece.repeat(20_000));
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('commandSecrets', () => {
  it('takes what follows on a flag for secrets, and what stands within an argument', () => {
    const args = ['redis-server', '--requirepass', 'hunter2', '--port', '6379', '--db-password=hunter3', '-v', 'x'];
    expect(commandSecrets(args)).toEqual(['hunter2', 'hunter3']);
  });
});
