import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noPolicy, type Policy } from '../config/policy/policy.js';
import { digestOf, fixedSecret, type Secret } from '../config/secret.js';
import { StaticTokens } from './static-tokens.js';

const secretKey = 'the-holder-of-this-may-do-everything';
const day = 86_400_000;
const policyToken = (
  id: string,
  token: string,
  rest: Partial<Policy['tokens'][number]> = {},
): Policy['tokens'][number] => ({
  ...{ id, secret: fixedSecret(digestOf(token)), source: {}, containers: [id], actions: ['notify'] },
  ...rest,
});

/** A policy file whose content the test decides. */
class Rules {
  refreshes = 0;
  constructor(public tokens: Policy['tokens'] = []) {}
  current = (): Policy => ({ ...noPolicy, tokens: this.tokens });
  refresh = (): undefined => {
    this.refreshes++;
  };
}

async function tokensOf(
  rules: Rules,
  settings: { secretKey?: string; secretKeyFile?: string } = { secretKey },
): Promise<StaticTokens> {
  const tokens = new StaticTokens({ secretKey: undefined, secretKeyFile: undefined, ...settings }, rules as never);
  await tokens.onModuleInit();
  return tokens;
}

describe('static tokens', () => {
  it('take SECRET_KEY for the caller that may do everything', async () => {
    const found = (await tokensOf(new Rules())).authenticate(secretKey);
    expect(found).toMatchObject({ identity: { id: 'secret-key', grants: [], isUnrestricted: true } });
  });

  it.each([secretKey.slice(0, -1), `${secretKey}x`, secretKey.toUpperCase(), '', 'undefined'])(
    'refuse %p, which is not known',
    async (token) => {
      expect((await tokensOf(new Rules())).authenticate(token)).toEqual({ refused: 'the token is not known' });
    },
  );

  it('let nobody in without SECRET_KEY and policy', async () => {
    expect((await tokensOf(new Rules(), {})).authenticate('')).toEqual({ refused: 'the token is not known' });
  });

  it('grant what the policy says of a token, and no more', async () => {
    const rules = new Rules([policyToken('web', 'token-of-web'), policyToken('db', 'token-of-db')]);
    const found = (await tokensOf(rules)).authenticate('token-of-db');
    expect(found).toMatchObject({
      identity: { id: 'db', isUnrestricted: false, grants: [{ containers: ['db'], actions: ['notify'] }] },
    });
    expect('identity' in found && found.identity.grants).toHaveLength(1);
  });

  it('add up what a token grants that stands twice in the policy, under its first name', async () => {
    const rules = new Rules([policyToken('web', 'shared'), policyToken('db', 'shared'), policyToken('api', 'other')]);
    const found = (await tokensOf(rules)).authenticate('shared');
    expect(found).toMatchObject({ identity: { id: 'web', grants: [{ containers: ['web'] }, { containers: ['db'] }] } });
  });

  it('take SECRET_KEY for itself also where the policy has the same token', async () => {
    const found = (await tokensOf(new Rules([policyToken('web', secretKey)]))).authenticate(secretKey);
    expect(found).toMatchObject({ identity: { id: 'secret-key', isUnrestricted: true } });
  });

  it('refuse a token from the moment when it expires', async () => {
    const expiresAt = Date.parse('2030-01-31T00:00:00Z');
    const tokens = await tokensOf(new Rules([policyToken('web', 'lapsing', { expiresAt })]));
    expect(tokens.authenticate('lapsing', expiresAt - 1)).toMatchObject({ identity: { id: 'web' } });
    expect(tokens.authenticate('lapsing', expiresAt)).toEqual({ refused: 'the token has expired' });
  });

  it('grant what is left where one of two entries of a token has expired', async () => {
    const rules = new Rules([
      policyToken('web', 'shared', { expiresAt: Date.now() - day }),
      policyToken('db', 'shared', { expiresAt: Date.now() + day }),
    ]);
    const found = (await tokensOf(rules)).authenticate('shared');
    expect(found).toMatchObject({ identity: { id: 'db', grants: [{ containers: ['db'] }] } });
  });

  it('renew an identity by the policy that is in force by then', async () => {
    const rules = new Rules([policyToken('web', 'token-of-web')]);
    const found = (await tokensOf(rules)).authenticate('token-of-web');
    if (!('identity' in found)) throw new Error('it is refused');
    rules.tokens = [policyToken('web', 'token-of-web', { containers: ['api'] })];
    expect(found.identity.renew?.()).toMatchObject({ grants: [{ containers: ['api'] }] });
    rules.tokens = [policyToken('web', 'token-of-web', { expiresAt: Date.now() - 1 })];
    expect(found.identity.renew?.()).toBeUndefined();
    rules.tokens = [];
    expect(found.identity.renew?.()).toBeUndefined();
  });

  it('look for new versions of the policy and of every secret', async () => {
    const asked: string[] = [];
    const secret: Secret = {
      matches: () => false,
      refresh: () => Promise.resolve(void asked.push('refresh')),
      look: () => Promise.resolve(void asked.push('look')),
    };
    const rules = new Rules([policyToken('web', '', { secret }), policyToken('db', 'fixed')]);
    const tokens = await tokensOf(rules);
    await tokens.refresh();
    expect([asked, rules.refreshes]).toEqual([['refresh'], 1]);
    await tokens.look();
    expect([asked, rules.refreshes]).toEqual([['refresh', 'look'], 1]);
  });
});

describe('SECRET_KEY_FILE', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tdp-static-'));
  const path = join(folder, 'key');
  afterEach(() => {
    rmSync(path, { force: true });
  });

  it('holds the key, and is looked at again', async () => {
    writeFileSync(path, `${secretKey}\n`);
    const tokens = await tokensOf(new Rules(), { secretKeyFile: path });
    expect(tokens.authenticate(secretKey)).toMatchObject({ identity: { id: 'secret-key' } });
    expect(tokens.authenticate(`${secretKey}\n`)).toEqual({ refused: 'the token is not known' });
    rmSync(path);
    writeFileSync(path, 'another-key-that-may-do-everything');
    await tokens.look();
    await new Promise((resolve) => setTimeout(resolve, 150));
    await tokens.look();
    expect(tokens.authenticate('another-key-that-may-do-everything')).toMatchObject({ identity: { id: 'secret-key' } });
  });

  it('goes before SECRET_KEY', async () => {
    writeFileSync(path, 'the-key-that-stands-in-the-file');
    const tokens = await tokensOf(new Rules(), { secretKey, secretKeyFile: path });
    expect(tokens.authenticate(secretKey)).toEqual({ refused: 'the token is not known' });
  });

  it('keeps the service from starting where it cannot be used', async () => {
    await expect(tokensOf(new Rules(), { secretKeyFile: path })).rejects.toThrow('names a file that');
  });
});
