import { readFileSync } from 'node:fs';

/** A call without what differs from one to the next: `GET /containers/{id}/json`. */
export function templateOf(method: string, path: string): string {
  const template = (path.split('?')[0] ?? '')
    .replace(/^\/containers\/(?!json$|create$)[^/]+/, '/containers/{id}')
    .replace(/^\/distribution\/.+\/json$/, '/distribution/{name}/json')
    .replace(/^\/networks\/[^/]+/, '/networks/{id}')
    .replace(/^\/images\/(?!create$)(.+?)(\/(json|tag))?$/, '/images/{name}$2');
  return `${method} ${template}`;
}

/** Every call that `src/docker/engine.ts` can make: it is the only place that knows the engine's paths. */
export function callsInSource(): string[] {
  const source = readFileSync('src/docker/engine.ts', 'utf8');
  const calls = [...source.matchAll(/'(GET|HEAD|POST|PUT|DELETE)',\s*(?:this\.versioned\()?[`'](\/[^`']*)[`']/g)];
  return [
    ...new Set(calls.map(([, method = '', path = '']) => templateOf(method, path.replaceAll(/\$\{.+?\}/g, 'x')))),
  ];
}
