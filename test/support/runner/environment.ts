import { describe } from '@jest/globals';
import type Docker from 'dockerode';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connect } from '../engine/connect.js';
import { fromVariables, type TestEnvironment } from './environment.variables.js';
import { PrivateEngine } from '../engine/private-engine.js';

const given = fromVariables();

/** @throws Error outside `npm test`, and where no engine could be had */
export function testEnvironment(): TestEnvironment {
  if (!given) throw new Error('there is no test engine: run this with npm test');
  return given;
}

/** Tests that need a real engine. Without one they are skipped, and counted as skipped. */
export const describeOnEngine = given ? describe : describe.skip;

/** Whether the engine is this run's own. */
export const onPrivateEngine = given?.isPrivateEngine === true;

/** Tests of what concerns a whole engine, such as its restart: never done to one that others use too. */
export const describeOnPrivateEngine = onPrivateEngine ? describe : describe.skip;

export const docker = given ? connect(given.dockerHost) : (undefined as never);

/** An engine that tests run against, and how they reach what its containers publish. */
export interface EngineUnderTest {
  title: string;
  dockerHost: string;
  docker: Docker;
  /** There where it may be halted and launched again. */
  private: PrivateEngine | undefined;
  /** What answers at a URL on the engine's host. */
  fetchText(url: string): Promise<string>;
}

/** The engine that all tests use, and the newest one beside it, which pulls from the same registries. */
export const engines: EngineUnderTest[] = given ? [theEngine(given), ...newestEngine(given)] : [];

/** Tests that are to hold on the oldest and on the newest engine; on one that cannot be had, they are skipped and counted. */
export function describeOnEachEngine(what: string, tests: (engine: EngineUnderTest) => void): void {
  for (const missing of ['an engine', 'the newest engine']) {
    const engine = engines[missing === 'an engine' ? 0 : 1];
    (engine ? describe : describe.skip)(`${what}, on ${engine?.title ?? missing}`, () => {
      tests(engine ?? absentEngine(missing));
    });
  }
}

/** Tests of what only the newest engine has, or of one that is started beside it. */
export const describeOnNewestEngine = engines.length > 1 ? describe : describe.skip;

/** For tests that are counted, and never run. */
export function absentEngine(title: string): EngineUnderTest {
  const docker = undefined as never;
  return { title, dockerHost: '', docker, private: undefined, fetchText: () => Promise.reject(new Error(title)) };
}

function theEngine({ dockerHost, engineVersion, isPrivateEngine, folder }: TestEnvironment): EngineUnderTest {
  return {
    title: `Docker Engine ${engineVersion}`,
    dockerHost,
    docker: connect(dockerHost),
    private: isPrivateEngine ? PrivateEngine.in(join(folder, 'engine')) : undefined,
    fetchText: async (url) => {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
      if (!response.ok) throw new Error(`${url} answers ${response.status}`);
      return response.text();
    },
  };
}

function newestEngine({ newestEngine: found }: TestEnvironment): EngineUnderTest[] {
  if ('missing' in found) return [];
  return [inNamespaces(PrivateEngine.in(found.folder), found.version)];
}

/** An engine in namespaces of its own. */
export function inNamespaces(engine: PrivateEngine, version: string): EngineUnderTest {
  const { dockerHost, docker, namespaces } = engine;
  if (!namespaces) throw new Error(`the namespaces of Docker Engine ${version} are gone`);
  return {
    ...{ title: `Docker Engine ${version}`, dockerHost, docker, private: engine },
    fetchText: (url) => namespaces.fetchText(url),
  };
}

/** A name that no other run and no other test uses. */
export function uniqueName(what: string): string {
  return `${given?.runId ?? 'none'}-${what}-${randomBytes(3).toString('hex')}`;
}

/** A reference in the registry of this run, of which nobody else pushes the tag. */
export function uniqueImage(what: string): string {
  return `${testEnvironment().registry}/${uniqueName(what)}:latest`;
}
