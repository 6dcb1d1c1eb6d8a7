import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../secret.js';
import { policyOfDocument } from './policy-of-document.js';
import { InvalidPolicy, rulesFor } from './policy.js';
import { policyDocument } from './policy-document.js';

const sha256 = digestOf('a-token').toString('hex');
const token = { id: 'ci', sha256, containers: ['web'], actions: ['notify'] };
const rule = { claims: { repository_id: '1' }, containers: ['web'], actions: ['notify'] };
const issuer = { issuer: 'https://ci.example', audience: 'us', rules: [rule] };

let warnings: string[] = [];
const read = (document: unknown, env: NodeJS.ProcessEnv = {}) => {
  warnings = [];
  return policyOfDocument(document, env, { error: () => undefined, warn: (problem) => warnings.push(problem) });
};

async function problemOf(document: unknown, env?: NodeJS.ProcessEnv): Promise<string> {
  try {
    await read(document, env);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidPolicy);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('policyOfDocument', () => {
  it.each([[undefined], [null]])('refuses %p: somebody may be about to write the file', async (document) => {
    expect(await problemOf(document)).toContain('it is empty');
  });

  it('warns of tokens that can be guessed', async () => {
    await read({ tokens: [{ ...token, sha256: undefined, env: 'CI_TOKEN' }] }, { CI_TOKEN: 'short' });
    expect(warnings).toEqual([expect.stringContaining('token ci: the environment variable CI_TOKEN has only 5')]);
  });

  it('takes {} for a policy that grants nothing', async () => {
    expect(await read({})).toEqual({ frozenBecause: undefined, tokens: [], oidc: [], containers: [] });
  });

  it('has tokens from a file, an environment variable or a digest', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'policy-')), 'token');
    writeFileSync(file, 'of-file\n');
    const { tokens } = await read(
      {
        tokens: [
          { ...token, id: 'file', sha256: undefined, file },
          { ...token, id: 'env', sha256: undefined, env: 'CI_TOKEN' },
          { ...token, expires: '2030-01-31T00:00:00+01:00' },
        ],
      },
      { CI_TOKEN: 'of-env' },
    );
    const whose = (text: string) => tokens.filter(({ secret }) => secret.matches(digestOf(text))).map(({ id }) => id);
    expect([whose('of-file'), whose('of-env'), whose('a-token'), whose('')]).toEqual([['file'], ['env'], ['ci'], []]);
    expect(tokens.map(({ expiresAt }) => expiresAt)).toEqual([undefined, undefined, Date.UTC(2030, 0, 30, 23)]);
  });

  it.each<[string, unknown, string]>([
    ['what it does not know', { tokenz: [] }, 'tokenz'],
    ['a path that is none', { containers: [{ name: 'web', renewVolumes: 'srv' }] }, 'must be absolute paths'],
    ['copied files that are none', { containers: [{ name: 'web', copiedFiles: 'all' }] }, 'must be none, or absolute'],
    ['a token in clear', { tokens: [{ ...token, token: 'in-clear' }] }, 'tokens[0]'],
    ['a token without a source', { tokens: [{ ...token, sha256: undefined }] }, 'exactly one of file, env and sha256'],
    ['a token with two sources', { tokens: [{ ...token, env: 'X' }] }, 'exactly one of file, env and sha256'],
    ['a digest that is none', { tokens: [{ ...token, sha256: 'abc' }] }, '64 hexadecimal digits'],
    ['a token that may do nothing', { tokens: [{ ...token, actions: [] }] }, 'tokens[0].actions'],
    ['an unknown action', { tokens: [{ ...token, actions: ['delete'] }] }, 'tokens[0].actions[0]'],
    ['a token for no container', { tokens: [{ ...token, containers: [] }] }, 'must name the containers'],
    ['a name with a slash', { tokens: [{ ...token, containers: ['a/b'] }] }, 'a glob with * and ?'],
    ['two tokens of one id', { tokens: [token, token] }, 'different ids'],
    ['the id of SECRET_KEY', { tokens: [{ ...token, id: 'secret-key' }] }, 'what SECRET_KEY is called'],
    ['a date without time', { tokens: [{ ...token, expires: '2030-01-31' }] }, 'a time such as'],
    ['an unset variable', { tokens: [{ ...token, sha256: undefined, env: 'UNSET' }] }, 'UNSET must not be empty'],
    ['a missing file', { tokens: [{ ...token, sha256: undefined, file: '/nowhere' }] }, 'token ci: names a file'],
    ['a rule without claims', { oidc: [{ ...issuer, rules: [{ ...rule, claims: {} }] }] }, 'at least one claim'],
    [
      'a rule that identifies nobody',
      { oidc: [{ ...issuer, rules: [{ ...rule, claims: { ref: 'refs/heads/main' } }] }] },
      'at least one claim',
    ],
    [
      'a rule that identifies by a glob alone',
      { oidc: [{ ...issuer, rules: [{ ...rule, claims: { repository: { like: '*' } } }] }] },
      'at least one claim',
    ],
    ['an issuer without rules', { oidc: [{ ...issuer, rules: [] }] }, 'oidc[0].rules'],
    ['an issuer without audience', { oidc: [{ ...issuer, audience: '' }] }, 'oidc[0].audience'],
    ['a shared key', { oidc: [{ ...issuer, algorithms: ['HS256'] }] }, 'oidc[0].algorithms[0]'],
    ['no signature', { oidc: [{ ...issuer, algorithms: ['none'] }] }, 'oidc[0].algorithms[0]'],
    ['an issuer over plain http', { oidc: [{ ...issuer, issuer: 'http://ci.example' }] }, 'https URL'],
    ['an issuer named localhost', { oidc: [{ ...issuer, issuer: 'http://localhost' }] }, 'https URL'],
    ['an issuer with a password', { oidc: [{ ...issuer, issuer: 'https://u:p@ci.example' }] }, 'https URL'],
    [
      'a symmetric key',
      { oidc: [{ ...issuer, keys: { keys: [{ kty: 'oct', k: 'x' }] } }] },
      'public key of a key pair',
    ],
    ['a private key', { oidc: [{ ...issuer, keys: { keys: [{ kty: 'RSA', d: 'x' }] } }] }, 'a public key alone'],
    ['two issuers of one name', { oidc: [issuer, issuer] }, 'different issuers'],
    ['a freeze without reason', { frozen: true }, 'reason is required where frozen is true'],
    ['a duration that is none', { containers: [{ name: 'web', settle: 'soon' }] }, 'containers[0].settle must be a'],
    ['a duration below 0', { containers: [{ name: 'web', settle: -1 }] }, 'containers[0].settle must be a duration'],
    ['a duration above a day', { containers: [{ name: 'web', timeout: '25h' }] }, 'at most 24h'],
    ['an order that is none', { containers: [{ name: 'web', order: 'first' }] }, 'stop-first or start-first'],
    [
      'a path that is none',
      { containers: [{ name: 'web', renewVolumes: 'srv' }] },
      'renewVolumes must be absolute paths',
    ],
    ['a flag that is none', { containers: [{ name: 'web', disabled: 'disabled' }] }, 'containers[0].disabled must be'],
    ['a freeze that is neither', { frozen: 'frozen', reason: 'x' }, 'frozen must be true or false'],
    ['a freeze that is written otherwise, without reason', { frozen: 'yes' }, 'reason is required where frozen'],
  ])('refuses %s, and says where', async (_, document, problem) => {
    expect(await problemOf(document)).toContain(problem);
    expect(await problemOf(document)).not.toContain('in-clear');
  });

  it('lets a token that is for metrics alone name no container', async () => {
    expect((await read({ tokens: [{ ...token, containers: undefined, actions: ['metrics'] }] })).tokens).toHaveLength(
      1,
    );
  });
});

describe('an option that has a label too', () => {
  it.each([
    [{ disabled: 'yes' }, { disabled: true }],
    [{ disabled: 'Off' }, { disabled: false }],
    [{ disabled: 1 }, { disabled: true }],
    [{ disabled: true }, { disabled: true }],
    [
      { settle: 5, timeout: '1m30s' },
      { settle: 5000, timeout: 90_000 },
    ],
    [
      { proof: 'Running', order: 'START-FIRST', onFailure: ' stop ' },
      { proof: 'running', order: 'start-first', onFailure: 'stop' },
    ],
    [
      { unhealthyGrace: '1m', proofRestarts: 2 },
      { unhealthyGrace: 60_000, proofRestarts: 2 },
    ],
    [
      { copiedFiles: 'None', renewVolumes: '/srv, /cache' },
      { copiedFiles: 'none', renewVolumes: ['/srv', '/cache'] },
    ],
  ])('is read of %j as of the label', async (written, expected) => {
    const { containers } = await read({ containers: [{ name: 'web', ...written }] });
    expect(containers).toEqual([{ name: 'web', ...expected }]);
  });

  it('has the spellings of the freeze', async () => {
    expect((await read({ frozen: 'on', reason: 'a release' })).frozenBecause).toBe('a release');
    expect((await read({ frozen: 'no', reason: 'a release' })).frozenBecause).toBeUndefined();
  });
});

describe('rulesFor', () => {
  const policy = () =>
    read({
      containers: [
        { name: 'db-main', disabled: false, settle: '1m' },
        { name: 'db-*', disabled: true, proof: 'none' },
        { name: '*', repositories: ['ghcr.io/acme/*'], settle: '10s' },
      ],
    });
  it.each([
    ['db-main', { disabled: false, settle: 60_000, proof: 'none', repositories: ['ghcr.io/acme/*'] }],
    ['db-other', { disabled: true, settle: 10_000, proof: 'none', repositories: ['ghcr.io/acme/*'] }],
    ['web', { settle: 10_000, repositories: ['ghcr.io/acme/*'] }],
  ])('takes of the rules that match %s the first that says a thing', async (name, expected) => {
    expect(rulesFor(await policy(), name)).toEqual(expected);
  });
});

describe('the JSON schema of the policy', () => {
  it('has each rule of containers in the table of docs/policy.md', () => {
    const { properties } = policyDocument() as unknown as {
      properties: { containers: { items: { properties: Record<string, unknown> } } };
    };
    const section = /\n## Containers\n(.*?)\n## /s.exec(readFileSync('docs/policy.md', 'utf8'))?.[1] ?? '';
    const table = section.split('\n').filter((line) => line.startsWith('|'));
    const rules = Object.keys(properties.containers.items.properties).filter((name) => name !== 'name');
    expect(rules.filter((rule) => !table.some((line) => line.includes(`\`${rule}\``)))).toEqual([]);
  });

  it('stands in docs/policy.schema.json as it is', () => {
    expect(JSON.parse(readFileSync('docs/policy.schema.json', 'utf8'))).toEqual(policyDocument());
  });
});
