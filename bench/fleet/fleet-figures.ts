import { setTimeout } from 'node:timers/promises';
import { load } from '../support/load.js';
import { median, percentile } from '../support/measure.js';
import { secret } from '../support/program.js';
import { redisFigures, workBetween, type RedisWork } from './redis-figures.js';
import { SimulatedFleet } from './simulated-fleet.js';
import { hostName, ownContainer, sharedContainer } from './simulated-hosts.js';

/** How thoroughly a fleet is measured. */
export interface FleetExtent {
  restMs: number;
  /** Notifies for containers of single hosts, and for one that all have. */
  single: number;
  everywhere: number;
  /** How often one notify, and how often a rollout, is done and waited for. */
  times: number;
  rollouts: number;
}

/** What a fleet of so many hosts costs. */
export interface FleetFigures {
  hosts: number;
  connections: number;
  rest: RedisWork & { redisMiB: number; redisResidentMiB: number; apiMiB: number; apiCpuPercent: number };
  /** Many notifies for containers that one host alone has. */
  single: Accepted & { redisCpuMs: number; commandsEach: number; endedPerSecond: number };
  /** Many for one that all have. */
  everywhere: Accepted;
  /** One notify, and nothing else goes on. */
  aloneMs: number;
  rollout: { answeredMs: number; durationMs: number } & PerHost;
  /** One notify for what no host has. */
  unknown: { answeredMs: number; commands: number };
  after: { redisMiB: number; apiMiB: number; deployments: number };
}

/** What one part of a rollout costs. */
interface PerHost {
  apiCpuMsPerHost: number;
  redisCpuMsPerHost: number;
  commandsPerHost: number;
  sentKiBPerHost: number;
}

interface Accepted {
  perSecond: number;
  p99Ms: number;
  /** How many of a hundred were answered 503: Redis had no time for them. */
  refusedPercent: number;
  /** CPU time of the replica for each request. */
  apiCpuMs: number;
  redisCpuPercent: number;
}

const connections = 50;
/** Of a rollout through all hosts. */
export const atOnce = 50;
/** A record of all hosts is long: it is not asked for too often. */
const rolloutPollMs = 500;
/** Let connections and caches of the start settle. */
const settlesMs = 3000;

/** Measures one fleet after another; each is a new one. */
export async function figuresOf(hosts: number, extent: FleetExtent): Promise<FleetFigures> {
  const fleet = await SimulatedFleet.start(hosts);
  try {
    // Everything has been done once: what is measured is how it goes on.
    await fleet.durationMs((await fleet.notify(`${sharedContainer(0)}?parallel=${atOnce}`)).id);
    await setTimeout(settlesMs);
    return await measure(fleet, extent);
  } finally {
    await fleet.stop();
  }
}

async function measure(fleet: SimulatedFleet, extent: FleetExtent): Promise<FleetFigures> {
  const { connections: all } = await redisFigures(fleet.redis);
  const rest = await atRest(fleet, extent);
  const aloneMs = await alone(fleet, extent);
  const rollout = await throughAll(fleet, extent);
  const unknown = await unknownName(fleet);
  const single = await many(fleet, extent.single, (index) => {
    const host = index % fleet.hosts;
    return ownContainer(hostName(host), Math.floor(index / fleet.hosts));
  });
  const everywhere = await many(fleet, extent.everywhere, () => `${sharedContainer(0)}?parallel=${atOnce}`);
  const { usedMiB } = await redisFigures(fleet.redis);
  return {
    hosts: fleet.hosts,
    // Less the one by which this is asked.
    connections: all - 1,
    rest,
    single,
    everywhere,
    aloneMs,
    rollout,
    unknown,
    after: { redisMiB: usedMiB, apiMiB: fleet.api.residentMiB, deployments: await fleet.deployments() },
  };
}

async function atRest({ redis, api }: SimulatedFleet, { restMs }: FleetExtent): Promise<FleetFigures['rest']> {
  const before = await redisFigures(redis);
  const { cpuMs } = api;
  await setTimeout(restMs);
  const after = await redisFigures(redis);
  return {
    ...workBetween(before, after),
    redisMiB: after.usedMiB,
    redisResidentMiB: after.residentMiB,
    apiMiB: api.residentMiB,
    apiCpuPercent: ((api.cpuMs - cpuMs) / restMs) * 100,
  };
}

async function alone(fleet: SimulatedFleet, { times }: FleetExtent): Promise<number> {
  const durations: number[] = [];
  for (let index = 0; index < times; index++) {
    const { id } = await fleet.notify(ownContainer(hostName(index % fleet.hosts), index));
    durations.push(await fleet.durationMs(id));
  }
  return median(durations);
}

async function throughAll(fleet: SimulatedFleet, { rollouts }: FleetExtent): Promise<FleetFigures['rollout']> {
  const answers: number[] = [];
  const durations: number[] = [];
  const before = await redisFigures(fleet.redis);
  const { cpuMs } = fleet.api;
  for (let index = 0; index < rollouts; index++) {
    const { id, answeredMs } = await fleet.notify(`${sharedContainer(index)}?parallel=${atOnce}`);
    answers.push(answeredMs);
    durations.push(await fleet.durationMs(id, rolloutPollMs));
  }
  const after = await redisFigures(fleet.redis);
  const { commands, sentMiB } = workBetween(before, after);
  const parts = fleet.hosts * rollouts;
  return {
    answeredMs: median(answers),
    durationMs: median(durations),
    apiCpuMsPerHost: (fleet.api.cpuMs - cpuMs) / parts,
    redisCpuMsPerHost: (after.cpuMs - before.cpuMs) / parts,
    commandsPerHost: commands / parts,
    sentKiBPerHost: (sentMiB * 1024) / parts,
  };
}

async function unknownName(fleet: SimulatedFleet): Promise<FleetFigures['unknown']> {
  const before = await redisFigures(fleet.redis);
  const { answeredMs } = await fleet.notify('nobody-has-it');
  const { commands } = workBetween(before, await redisFigures(fleet.redis));
  return { answeredMs, commands };
}

async function many(
  fleet: SimulatedFleet,
  requests: number,
  path: (index: number) => string,
): Promise<FleetFigures['single']> {
  const request = (index: number): string =>
    `POST /notify/${path(index)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${secret}\r\nContent-Length: 0\r\n\r\n`;
  const deployments = await fleet.deployments();
  const before = await redisFigures(fleet.redis);
  const { cpuMs } = fleet.api;
  const { perSecond, latenciesMs, refused } = await load(fleet.api.port, request, {
    connections,
    requests,
    mayRefuse: true,
  });
  const apiCpuMs = (fleet.api.cpuMs - cpuMs) / requests;
  const { cpuPercent } = workBetween(before, await redisFigures(fleet.redis));
  await fleet.quiet();
  const after = await redisFigures(fleet.redis);
  const ended = (await fleet.deployments()) - deployments;
  return {
    perSecond: perSecond * (1 - refused / requests),
    refusedPercent: (refused / requests) * 100,
    p99Ms: percentile(latenciesMs, 0.99),
    apiCpuMs,
    redisCpuPercent: cpuPercent,
    redisCpuMs: (after.cpuMs - before.cpuMs) / ended,
    commandsEach: (after.commands - before.commands) / ended,
    endedPerSecond: (ended / (after.atMs - before.atMs)) * 1000,
  };
}
