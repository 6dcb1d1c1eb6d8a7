import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { IdentityProvider } from '../../test/support/service/identity-provider.js';
import { policyOfDocument } from '../config/policy/policy-of-document.js';
import type { Policy } from '../config/policy/policy.js';
import type { Authentication, Identity } from './caller.js';
import { IdentityTokens } from './identity-tokens.js';

const report = { error: () => undefined, warn: () => undefined };
const rule = { claims: { repository_id: '123456', ref: 'refs/heads/main' }, containers: ['web'], actions: ['notify'] };
const hour = 3600;

describe('identity tokens', () => {
  let provider: IdentityProvider;
  let present: Policy;
  let tokens: IdentityTokens;

  const policyOf = (changes: object = {}, issuer = provider): Promise<Policy> =>
    policyOfDocument(
      {
        oidc: [
          {
            ...{ issuer: issuer.issuer, audience: issuer.audience, keys: { keys: [issuer.publicJwk] }, rules: [rule] },
            ...changes,
          },
        ],
      },
      {},
      report,
    );
  const under = async (changes: object = {}): Promise<IdentityTokens> => {
    present = await policyOf(changes);
    return (tokens = new IdentityTokens({ current: () => present } as never));
  };
  const identityOf = async (token: string): Promise<Identity> => {
    const found = await tokens.authenticate(token);
    if (!found || !('identity' in found)) throw new Error(`no identity: ${JSON.stringify(found)}`);
    return found.identity;
  };
  const refusalOf = async (token: string): Promise<string | undefined> => {
    const found: Authentication | undefined = await tokens.authenticate(token);
    return found && 'refused' in found ? found.refused : undefined;
  };

  beforeAll(async () => {
    provider = await IdentityProvider.create('https://ci.example');
    await under();
  });

  it('say whose pipeline it is, and grant what the rules that match grant', async () => {
    await under({
      rules: [
        rule,
        { ...rule, claims: { repository: 'acme/web' }, containers: ['api'] },
        { ...rule, claims: { repository_id: '999' }, containers: ['db'] },
      ],
    });
    const identity = await identityOf(await provider.token());
    expect(identity).toMatchObject({
      id: 'acme/web#42',
      isUnrestricted: false,
      pipeline: { issuer: 'https://ci.example', repository: 'acme/web', run: '42' },
    });
    expect(identity.grants.flatMap(({ containers }) => containers)).toEqual(['web', 'api']);
  });

  it('are known and may do nothing where no rule matches', async () => {
    await under();
    expect(await identityOf(await provider.token({ ref: 'refs/heads/other' }))).toMatchObject({ grants: [] });
  });

  it('are called by their subject where they name no repository, and without a run where they have none', async () => {
    expect(
      (await identityOf(await provider.token({ repository: undefined, run_id: undefined, sub: 'somebody' }))).id,
    ).toBe('somebody@ci.example');
    const nobody = { repository: undefined, run_id: undefined, sub: undefined };
    expect((await identityOf(await provider.token(nobody))).id).toBe('unknown@ci.example');
  });

  it.each(['', 'secret', 'a.b.c', 'eyJhbGciOiJub25lIn0', 'eyJ.eyJ', `eyJ${'x'.repeat(8200)}.eyJ9.x`])(
    'are nothing that looks like %p',
    async (token) => {
      expect(await tokens.authenticate(token)).toBeUndefined();
    },
  );

  it('are nothing where the policy names no issuer', async () => {
    present = { ...present, oidc: [] };
    expect(await tokens.authenticate(await provider.token())).toBeUndefined();
    await under();
  });

  it('are refused where the policy does not name their issuer, or they name none', async () => {
    const stranger = await IdentityProvider.create('https://evil.example');
    const reason = 'the identity token is of an issuer that the policy does not name';
    expect(await refusalOf(await stranger.token())).toBe(reason);
    expect(await refusalOf(await provider.token({ iss: undefined }))).toBe(reason);
    expect(await refusalOf('eyJhbGciOiJSUzI1NiJ9.bm90IEpTT04.c2ln')).toBe(reason);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['has expired', { exp: Date.now() / 1000 - hour, iat: Date.now() / 1000 - 2 * hour }, /has expired/],
    ['is older than maxAge', { iat: Date.now() / 1000 - 2 * hour }, /older than the policy allows/],
    ['is not valid yet', { nbf: Date.now() / 1000 + hour }, /claim nbf/],
    ['is for another audience', { aud: 'https://other.example' }, /claim aud/],
    ['names no audience', { aud: undefined }, /claim aud/],
    ['never expires', { exp: undefined }, /claim exp/],
    ['does not say when it was issued', { iat: undefined }, /claim iat/],
  ])('are refused where one %s', async (_, changes, reason) => {
    expect(await refusalOf(await provider.token(changes))).toMatch(reason);
  });

  it('are refused where the signature is not by a key and an algorithm of the issuer', async () => {
    const token = await provider.token();
    const [head = '', , signature = ''] = token.split('.');
    const changed = Buffer.from(JSON.stringify({ ...provider.claims(), run_id: '43' })).toString('base64url');
    expect(await refusalOf([head, changed, signature].join('.'))).toMatch(/signature .* is wrong/);
    expect(await refusalOf(await provider.token({}, { kid: 'unknown' }))).toMatch(
      /a key that its issuer does not have/,
    );
    expect(await refusalOf(new UnsecuredJWT(provider.claims()).encode())).toMatch(/algorithm|malformed/);
    const shared = new SignJWT(provider.claims()).setProtectedHeader({ alg: 'HS256', kid: provider.kid });
    expect(await refusalOf(await shared.sign(Buffer.from('x'.repeat(32))))).toMatch(/algorithm/);
    const { privateKey } = await generateKeyPair('ES256');
    const other = new SignJWT(provider.claims()).setProtectedHeader({ alg: 'ES256', kid: provider.kid });
    expect(await refusalOf(await other.sign(privateKey))).toMatch(/algorithm/);
  });

  it('cannot be told while the keys cannot be had', async () => {
    await under({ keys: undefined, jwksUri: 'http://127.0.0.1:9/keys' });
    expect(await tokens.authenticate(await provider.token())).toEqual({
      unavailable: 'the keys of https://ci.example cannot be had at the moment',
    });
  });

  describe('once checked', () => {
    it('hold by the rules that are in force by then', async () => {
      await under();
      const { renew } = await identityOf(await provider.token());
      present = await policyOf({ rules: [{ ...rule, containers: ['api'] }] });
      expect(renew?.()).toMatchObject({ grants: [{ containers: ['api'] }] });
      expect(renew?.()?.renew?.()).toMatchObject({ grants: [{ containers: ['api'] }] });
    });

    it.each<[string, () => Promise<Policy>]>([
      ['the issuer', async () => ({ ...(await policyOf()), oidc: [] })],
      ['the audience', () => policyOf({ audience: 'https://other.example' })],
      ['the algorithms', () => policyOf({ algorithms: ['ES256'] })],
      [
        'the keys',
        async () => {
          const { publicKey } = await generateKeyPair('RS256', { extractable: true });
          return policyOf({ keys: { keys: [{ ...(await exportJWK(publicKey)), kid: 'key-1' }] } });
        },
      ],
    ])('end with a policy that changes %s', async (_, next) => {
      await under();
      const { renew } = await identityOf(await provider.token());
      present = await next();
      expect(renew?.()).toBeUndefined();
    });

    it.each([
      ['their own end', { exp: Math.floor(Date.now() / 1000) + 300 }, 331],
      ['maxAge', { exp: Math.floor(Date.now() / 1000) + 10 * hour }, hour + 31],
    ])('end with %s and the tolerance', async (_, claims, seconds) => {
      await under();
      const { renew } = await identityOf(await provider.token(claims));
      const now = Date.now();
      const clock = jest.spyOn(Date, 'now').mockReturnValue(now + (seconds - 5) * 1000);
      expect(renew?.()).toBeDefined();
      clock.mockReturnValue(now + seconds * 1000);
      expect(renew?.()).toBeUndefined();
      clock.mockRestore();
    });
  });
});
