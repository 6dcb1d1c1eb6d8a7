// A process with many agents: node --import tsx bench/fleet/agents.ts REDIS_URL FIRST COUNT DEPLOYMENTS_KEPT
import { Logger } from '@nestjs/common';
import { startAgent } from './simulated-agent.js';
import { hostName } from './simulated-hosts.js';

Logger.overrideLogger(false);
const [redisUrl = '', first = '0', count = '0', deploymentsKept = '1000'] = process.argv.slice(2);
for (let index = Number(first); index < Number(first) + Number(count); index++)
  await startAgent(redisUrl, hostName(index), Number(deploymentsKept));
