import type Docker from 'dockerode';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { answers, connect } from './connect.js';
import { Unavailable } from '../runner/packages.js';
import { PrivateEngine } from './private-engine.js';
import type { TestRun } from '../runner/test-run.js';

/** A Docker Engine to test against: the machine's own, or a private one. */
export interface TestEngine {
  /** As DOCKER_HOST takes it. */
  dockerHost: string;
  docker: Docker;
  /** There where the engine is the run's own: it may be restarted, and all that it has is ours. */
  private?: PrivateEngine;
}

/**
 * The engine of DOCKER_HOST or the default socket where one answers, else a private one.
 * @throws Unavailable with what to install
 */
export async function findOrStartEngine(run: TestRun): Promise<TestEngine> {
  for (const dockerHost of candidates()) {
    const docker = connect(dockerHost);
    if (!(await answers(docker))) continue;
    run.mayLeave({ sharedEngine: dockerHost });
    return { dockerHost, docker };
  }
  const engine = await PrivateEngine.start(run);
  return { dockerHost: engine.dockerHost, docker: engine.docker, private: engine };
}

function candidates(): string[] {
  const given = process.env.DOCKER_HOST;
  if (!given) {
    return ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')]
      .filter((path) => existsSync(path))
      .map((path) => `unix://${path}`);
  }
  // What a test publishes is asked for at 127.0.0.1.
  if (given.startsWith('unix://') || (/^tcp:\/\/(127\.|localhost)/.test(given) && !process.env.DOCKER_TLS_VERIFY))
    return [given];
  throw new Unavailable('DOCKER_HOST names an engine on another machine, and this needs one on this machine; unset it');
}
