import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { openApiDocument } from './openapi-document.js';

type Json = Record<string, unknown>;

const document = JSON.parse(JSON.stringify(openApiDocument())) as Json & {
  paths: Record<string, Record<string, { operationId: string; parameters?: { name: string; in: string }[] }>>;
};

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : references(inner),
  );
}

describe('the OpenAPI document', () => {
  it('stands in docs/openapi.json as it is; GET /openapi.json of a service that runs is the new one', () => {
    expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).toEqual(document);
  });

  it('refers to nothing but what it defines', () => {
    const found = references(document);
    expect(found.length).toBeGreaterThan(10);
    for (const path of new Set(found)) {
      const target = path
        .slice(2)
        .split('/')
        .reduce<unknown>((value, key) => (value as Json | undefined)?.[key], document);
      expect([path, typeof target]).toEqual([path, 'object']);
    }
  });

  it('says what each of its components is like', () => {
    const { schemas } = document.components as { schemas: Record<string, { properties?: object }> };
    expect(Object.keys(schemas).sort()).toEqual(['Accepted', 'Deployment', 'Plan', 'Problem']);
    for (const { properties = {} } of Object.values(schemas)) expect(Object.keys(properties).length).toBeGreaterThan(4);
  });

  it('names each operation once, with every parameter of its path', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { path, parameters = [] } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath);
    }
  });

  it('has the rules that requests are checked by', () => {
    const list = document.paths['/deployments']?.get?.parameters;
    expect(list).toContainEqual(
      expect.objectContaining({ name: 'limit', schema: expect.objectContaining({ minimum: 1, maximum: 200 }) }),
    );
    expect(document.paths['/notify/{container}']?.post?.parameters?.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['container', 'wait', 'Prefer']),
    );
  });
});
