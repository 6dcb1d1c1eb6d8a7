import { Agent, type AgentOptions } from 'node:http';
import { inspect } from 'node:util';

/** As Node's global agent: so that a connection is not reused that the other side is about to close. */
const idleMs = 5000;

/** Keeps connections to the engine alive between the calls of an update, and closes them soon after. */
export class EngineAgent extends Agent {
  constructor() {
    // With `servername` given, Node does not look whether the host is an IP address; its first look takes longer than a call.
    super({ keepAlive: true, scheduling: 'lifo', timeout: idleMs, servername: '' } as AgentOptions);
  }

  /** docker-modem has the options of each call written out, down to the last socket, for a log that nobody reads. */
  [inspect.custom](): string {
    return EngineAgent.name;
  }
}
