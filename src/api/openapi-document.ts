import * as z from 'zod';
import { containerName } from '../deployments/container-name.js';
import { notifyQuery, rollbackQuery } from '../notify/parameters.js';
import { acceptedSchema, deploymentSchema, planSchema, problemSchema } from './deployment.schema.js';
import { listQuery, showQuery } from './deployments.schema.js';
import { problemsOf, type ProblemGroup } from './problem-table.js';

type Json = Record<string, unknown>;

const succeeded = answer('It succeeded: updated, or up to date.', 'Deployment');
const failed = problem('It failed, or was rolled back: `code` is that of its `error`.');

/** A notify or a rollback. */
const enqueued = {
  '202': answer('Accepted; Location is where its outcome will be.', 'Accepted'),
  '200': succeeded,
  '422': failed,
};

/**
 * The HTTP interface as an OpenAPI 3.1 document, made from the schemas that check requests. `docs/openapi.json` is this
 * document. Built when somebody asks for it, so that the start of the service costs nothing.
 */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'trigger-docker-pull',
      version: '0.1.0',
      description: 'A webhook that updates a running container, and never loses it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ bearer: [] }],
    paths: {
      '/notify/{container}': {
        post: operation('notify', 'Updates a container, or says what would become of it', {
          parameters: [containerParameter, ...queryParameters(notifyQuery), prefer],
          responses: {
            ...problems('credentials', 'records', 'query', 'container', 'wait', 'dry run'),
            ...enqueued,
            '200': {
              description: 'It succeeded: updated, or up to date. With `dry_run`: the plan.',
              content: json({ oneOf: [reference('Deployment'), reference('Plan')] }),
            },
          },
        }),
      },
      '/rollback/{container}': {
        post: operation('rollBack', 'Goes back to the image that ran before the last update', {
          parameters: [containerParameter, ...queryParameters(rollbackQuery), prefer],
          responses: { ...problems('credentials', 'records', 'query', 'container', 'wait'), ...enqueued },
        }),
      },
      '/deployments': {
        get: operation('listDeployments', 'Lists deployments, the newest first', {
          parameters: queryParameters(listQuery),
          responses: {
            '200': {
              description: 'Those that the caller may see.',
              content: json({
                type: 'object',
                required: ['deployments'],
                properties: { deployments: { type: 'array', items: reference('Deployment') } },
              }),
            },
            ...problems('credentials', 'records', 'query'),
          },
        }),
      },
      '/deployments/{id}': {
        get: operation('showDeployment', 'Shows a deployment, or waits for its outcome', {
          parameters: [idParameter, ...queryParameters(showQuery), prefer],
          responses: {
            ...problems('credentials', 'records', 'query', 'deployment', 'wait'),
            '422': failed,
            '200': answer('The deployment; with `wait`, only where it succeeded.', 'Deployment'),
            '202': answer('It has not ended within the time that was preferred.', 'Deployment'),
          },
        }),
        delete: operation('dropDeployment', 'Takes a deployment out of the queue', {
          parameters: [idParameter],
          responses: {
            ...problems('credentials', 'records', 'deployment', 'cancel'),
            '200': answer('It is dropped.', 'Deployment'),
          },
        }),
      },
      '/deployments/{id}/events': {
        get: operation('followDeployment', 'Follows a deployment until it ends', {
          parameters: [idParameter],
          responses: {
            '200': {
              description: 'Server-sent events: snapshot, stage, progress, log, done.',
              content: { 'text/event-stream': { schema: { type: 'string' } } },
            },
            ...problems('credentials', 'records', 'deployment', 'events'),
          },
        }),
      },
      '/metrics': {
        get: operation('metrics', "Metrics in Prometheus' text format", {
          responses: {
            '200': { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
            ...problems('credentials'),
          },
        }),
      },
      '/openapi.json': {
        get: operation('openapi', 'This document', {
          security: [],
          responses: { ...problems(), '200': { description: 'The document.', content: json({ type: 'object' }) } },
        }),
      },
      '/health': { get: probe('health', 'Whether the service lives, and how the engine is') },
      '/health/live': { get: probe('live', 'Whether the service lives') },
      '/health/ready': { get: probe('ready', 'Whether the service can work') },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: components(deploymentSchema, acceptedSchema, planSchema, problemSchema),
    },
  };
}

const containerParameter = pathParameter('container', jsonSchema(containerName));
const idParameter = pathParameter('id', { type: 'string' });
const prefer = {
  name: 'Prefer',
  in: 'header',
  description: '`wait=SECONDS` (RFC 7240): as `wait`, but answered 202 when the time is over.',
  schema: { type: 'string' },
};

/** A schema without what only concerns one that stands alone; those that have an id are referred to as components. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, $defs: __, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return asComponent(rest);
}

/** Schemas that have an id, by it, with those that they refer to. */
function components(...schemas: z.ZodType[]): Json {
  return Object.fromEntries(
    schemas.flatMap((schema) => Object.entries(asComponent(z.toJSONSchema(schema, { io: 'input' }).$defs ?? {}))),
  );
}

function asComponent(schema: object): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/$defs/', '#/components/schemas/')) as Json;
}

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = jsonSchema(query) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(required.includes(name) ? { required: true } : {}),
    ...(description === undefined ? {} : { description }),
    schema,
  }));
}

function pathParameter(name: string, schema: Json): Json {
  return { name, in: 'path', required: true, schema };
}

function operation(operationId: string, summary: string, rest: Json): Json {
  return { operationId, summary, ...rest };
}

function probe(operationId: string, summary: string): Json {
  const report = (description: string): Json => ({ description, content: json({ type: 'object' }) });
  return operation(operationId, summary, {
    security: [],
    responses: { ...problems(), '200': report('Yes.'), '503': report('No, and why.') },
  });
}

function answer(description: string, schema: string): Json {
  return { description, content: json(reference(schema)) };
}

/** The problems of a route in these groups, and of any route. */
function problems(...groups: ProblemGroup[]): Json {
  const texts = problemsOf('any', ...groups);
  if (groups.includes('wait'))
    texts.set(503, `${texts.get(503) ?? ''} With \`wait\`, it was dropped: \`code\` is that of its \`error\`.`);
  return Object.fromEntries([...texts].map(([status, text]) => [status, problem(text)]));
}

function problem(description: string): Json {
  return { description, content: { 'application/problem+json': { schema: reference('Problem') } } };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function reference(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}
