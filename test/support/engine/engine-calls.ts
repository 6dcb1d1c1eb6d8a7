import { readFileSync } from 'node:fs';

/** A call without what differs from one to the next: `GET /containers/{id}/json`. */
export function templateOf(method: string, path: string): string {
  const template = (path.split('?')[0] ?? '')
    .replace(/^\/containers\/(?!json$|create$)[^/]+/, '/containers/{id}')
    .replace(/^\/distribution\/.+\/json$/, '/distribution/{name}/json')
    .replace(/^\/networks\/[^/]+/, '/networks/{id}')
    .replace(/^\/volumes\/[^/]+/, '/volumes/{name}')
    .replace(/^\/(services|tasks)\/[^/]+/, '/$1/{id}')
    .replace(/^\/images\/(?!create$)(.+?)(\/(json|tag))?$/, '/images/{name}$2');
  return `${method} ${template}`;
}

/** The only places that know the engine's paths. */
const sources = ['engine/engine-connection.ts', 'engine/engine.ts', 'swarm/swarm-manager.ts'];

/** Every call that the service can make. */
export function callsInSource(): string[] {
  const source = sources.map((file) => readFileSync(`src/docker/${file}`, 'utf8')).join('\n');
  const calls = [
    ...source.matchAll(/'(GET|HEAD|POST|PUT|DELETE)',\s*(?:this\.(?:engine\.)?versioned\()?[`'](\/[^`']*)[`']/g),
  ];
  return [
    ...new Set(calls.map(([, method = '', path = '']) => templateOf(method, path.replaceAll(/\$\{.+?\}/g, 'x')))),
  ];
}
