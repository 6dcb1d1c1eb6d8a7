import { describe } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { connect } from './connect.js';
import { fromVariables, type TestEnvironment } from './environment.variables.js';

const given = fromVariables();

/** @throws Error outside `npm test`, and where no engine could be had */
export function testEnvironment(): TestEnvironment {
  if (!given) throw new Error('there is no test engine: run this with npm test');
  return given;
}

/** Tests that need a real engine. Without one they are skipped, and counted as skipped. */
export const describeOnEngine = given ? describe : describe.skip;

/** Tests of what concerns a whole engine, such as its restart: never done to one that others use too. */
export const describeOnPrivateEngine = given?.isPrivateEngine ? describe : describe.skip;

export const docker = given ? connect(given.dockerHost) : (undefined as never);

/** A name that no other run and no other test uses. */
export function uniqueName(what: string): string {
  return `${given?.runId ?? 'none'}-${what}-${randomBytes(3).toString('hex')}`;
}

/** A reference in the registry of this run, of which nobody else pushes the tag. */
export function uniqueImage(what: string): string {
  return `${testEnvironment().registry}/${uniqueName(what)}:latest`;
}
