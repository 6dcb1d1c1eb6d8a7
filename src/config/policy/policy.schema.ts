import * as z from 'zod';
import { parseDurationMs } from '../../common/duration.js';
import { flag, optionKinds, type ChoiceKind, type OptionKind } from '../option-kinds.js';
import { isSecureUrl } from './secure-url.js';

/** What a caller may do. `metrics` concerns the whole service; all others concern containers. */
export const actions = ['notify', 'read', 'rollback', 'metrics'] as const;
export type Action = (typeof actions)[number];

/** Claims of which one alone tells whose pipeline it is: without one, whoever gets a token from the issuer would be let in. */
const identifyingClaims = [
  'repository_id',
  'repository_owner_id',
  'repository',
  'repository_owner',
  'project_id',
  'project_path',
  'namespace_id',
  'namespace_path',
  'sub',
  'azp',
  'client_id',
];

/** Signatures by a private key. A shared key (HS256) or none at all is never accepted. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const nameGlob = () =>
  z
    .string()
    .max(255)
    .regex(/^[a-zA-Z0-9_.*?-]+$/, 'must be the name of a container, or a glob with * and ?')
    .meta({ description: 'The name of a container; `*` stands for any characters, `?` for one.' });

const duration = (description: string) =>
  z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'must be a duration such as 30s or 1m30s')
    .meta({ description });

/** An option that has a label too, read by the same rule. YAML may make a boolean or a number of its text. */
const option = <T>({ rule, parse }: OptionKind<T>, input: z.ZodType<string | number | boolean>) =>
  input.transform((text, context) => {
    const value = parse(String(text));
    if (value === undefined) context.addIssue({ code: 'custom', message: `must be ${rule}` });
    return value ?? z.NEVER;
  });
const flagOption = (kind: OptionKind<boolean>, description: string) =>
  option(kind, z.union([z.boolean(), z.string(), z.number()])).meta({ description });
const durationOption = (kind: OptionKind<number>, description: string) =>
  option(kind, z.union([z.string(), z.number()])).meta({ description });
const countOption = (kind: OptionKind<number>, description: string) =>
  option(kind, z.union([z.string(), z.number()])).meta({ description });
const choiceOption = <T extends string>(kind: ChoiceKind<T>, description: string) =>
  option(kind, z.string()).meta({ description, enum: kind.choices });
const pathsOption = <T>(kind: OptionKind<T>, description: string) =>
  option(kind, z.string().max(10_000)).meta({ description });

const grant = () => ({
  containers: z
    .array(nameGlob())
    .max(1000)
    .default([])
    .meta({ description: 'The containers that the actions are for.' }),
  actions: z.array(z.enum(actions)).min(1).meta({ description: 'What may be done.' }),
});

function namesContainers({ actions, containers }: { actions: Action[]; containers: string[] }): boolean {
  return containers.length > 0 || actions.every((action) => action === 'metrics');
}
const namesContainersRule = { path: ['containers'], message: 'must name the containers that the actions are for' };

const token = () =>
  z
    .strictObject({
      id: z
        .string()
        .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/, 'must be 1 to 64 letters, digits, "_", "." or "-"')
        .refine((id) => id !== 'secret-key', 'is what SECRET_KEY is called')
        .meta({ description: 'What the token is called in logs and records.' }),
      file: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'A file that holds the token; it may be replaced at any time.' }),
      env: z.string().min(1).optional().meta({ description: 'An environment variable that holds the token.' }),
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
        .optional()
        .meta({ description: 'The SHA-256 of the token: `printf %s "$TOKEN" | sha256sum`.' }),
      ...grant(),
      expires: z.iso
        .datetime({ offset: true, error: 'must be a time such as 2030-01-31T00:00:00Z' })
        .optional()
        .meta({ description: 'From this time on the token is refused.' }),
    })
    .refine(
      ({ file, env, sha256 }) => [file, env, sha256].filter((source) => source !== undefined).length === 1,
      'must have exactly one of file, env and sha256',
    )
    .refine(namesContainers, namesContainersRule);

const claimText = () => z.string().min(1).max(1000);
const claimRule = () =>
  z
    .union([claimText(), z.array(claimText()).min(1).max(100), z.strictObject({ like: claimText() })])
    .meta({ description: 'The exact value, or several of which one must be it, or `like: <glob>`.' });

const oidcRule = () =>
  z
    .strictObject({
      claims: z
        .record(z.string(), claimRule())
        .refine(
          (claims) =>
            identifyingClaims.some((name) => Object.hasOwn(claims, name) && !(claims[name] as { like?: string }).like),
          `must have the exact value of at least one claim that tells whose pipeline it is: ${identifyingClaims.join(', ')}`,
        )
        .meta({ description: 'What the token must say; all of it.' }),
      ...grant(),
    })
    .refine(namesContainers, namesContainersRule);

const publicKey = () =>
  z
    .looseObject({ kty: z.enum(['RSA', 'EC', 'OKP'], 'must be the public key of a key pair: RSA, EC or OKP') })
    .refine((key) => !('d' in key) && !('k' in key), 'must be a public key alone');

const issuer = () =>
  z.strictObject({
    issuer: secureUrl('The issuer, exactly as the tokens say it.'),
    audience: z.string().min(1).meta({ description: 'The audience that the tokens must be made for: this service.' }),
    algorithms: z.array(z.enum(algorithms)).min(1).default(['RS256']).meta({ description: 'Accepted signatures.' }),
    maxAge: duration('How long after it was issued a token is accepted, also where it lives longer.').default('1h'),
    clockTolerance: duration('How far the clocks may differ.').default('30s'),
    jwksUri: secureUrl('Where the keys are. By default the discovery document says it.').optional(),
    keys: z
      .strictObject({ keys: z.array(publicKey()).min(1).max(100) })
      .optional()
      .meta({ description: 'The keys themselves (JWKS), for closed networks: nothing is fetched.' }),
    rules: z
      .array(oidcRule())
      .min(1)
      .max(1000)
      .meta({ description: 'Each rule that matches a token adds what it grants.' }),
  });

const containerRule = () =>
  z.strictObject({
    name: nameGlob(),
    disabled: flagOption(optionKinds.disabled, 'Whether the container is never updated.').optional(),
    repositories: z.array(z.string().min(1).max(500)).min(1).max(1000).optional().meta({
      description: 'Repositories that it may be updated from, in full: `ghcr.io/acme/*`, `docker.io/library/nginx`.',
    }),
    proof: choiceOption(optionKinds.proof, 'As the label.').optional(),
    settle: durationOption(optionKinds.settle, 'As the label.').optional(),
    timeout: durationOption(optionKinds.timeout, 'As the label.').optional(),
    unhealthyGrace: durationOption(optionKinds.unhealthyGrace, 'As the label `unhealthy-grace`.').optional(),
    proofRestarts: countOption(optionKinds.proofRestarts, 'As the label `proof-restarts`.').optional(),
    order: choiceOption(optionKinds.order, 'As the label.').optional(),
    onFailure: choiceOption(optionKinds.onFailure, 'As the label `on-failure`.').optional(),
    copiedFiles: pathsOption(optionKinds.copiedFiles, 'As the label `copied-files`.').optional(),
    renewVolumes: pathsOption(optionKinds.renewVolumes, 'As the label `renew-volumes`.').optional(),
    start: flagOption(optionKinds.start, 'As the label.').optional(),
    logTail: flagOption(optionKinds.logTail, 'As the label `log-tail`.').optional(),
  });

/**
 * The policy file, as it is written. Nothing is allowed but what stands in it, and nothing may stand in it but this. Made for those
 * alone who have one.
 */
export const policySchema = () =>
  z
    .strictObject({
      frozen: flagOption(flag, 'Whether every notify is answered 503. Reads go on.').prefault(false),
      reason: z.string().min(1).max(500).optional().meta({ description: 'Why it is frozen, for the callers.' }),
      tokens: z.array(token()).max(1000).default([]).meta({ description: 'Tokens with what they may do.' }),
      oidc: z
        .array(issuer())
        .max(50)
        .default([])
        .meta({ description: 'Issuers of identity tokens, such as a CI service.' }),
      containers: z.array(containerRule()).max(1000).prefault([]).meta({
        description:
          'How containers are updated. They win over labels. Of the rules that match a container, the first one that says a thing holds for it.',
      }),
    })
    .refine(({ frozen, reason }) => !frozen || reason !== undefined, {
      path: ['reason'],
      message: 'is required where frozen is true: it is what callers are told',
    })
    .refine(({ tokens }) => areUnique(tokens.map(({ id }) => id)), {
      path: ['tokens'],
      message: 'must have different ids',
    })
    .refine(({ oidc }) => areUnique(oidc.map(({ issuer: name }) => name)), {
      path: ['oidc'],
      message: 'must have different issuers',
    });

export type PolicyDocument = z.output<ReturnType<typeof policySchema>>;
export type IssuerPolicy = PolicyDocument['oidc'][number];
export type OidcRule = IssuerPolicy['rules'][number];
export type ContainerRule = Omit<PolicyDocument['containers'][number], 'name'>;

function secureUrl(description: string) {
  return z
    .string()
    .refine(isSecureUrl, 'must be an https URL (http only for a loopback address)')
    .meta({ description });
}

function areUnique(values: string[]): boolean {
  return new Set(values).size === values.length;
}
