import type { Redis } from 'ioredis';

/** What Redis says of itself. */
export interface RedisFigures {
  atMs: number;
  usedMiB: number;
  residentMiB: number;
  connections: number;
  commands: number;
  cpuMs: number;
  sentMiB: number;
}

/** What Redis has done between two looks. */
export interface RedisWork {
  commands: number;
  commandsPerSecond: number;
  cpuPercent: number;
  sentMiB: number;
}

export async function redisFigures(redis: Redis): Promise<RedisFigures> {
  const info = await redis.info();
  const figure = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    atMs: performance.now(),
    usedMiB: figure('used_memory') / 2 ** 20,
    residentMiB: figure('used_memory_rss') / 2 ** 20,
    connections: figure('connected_clients'),
    commands: figure('total_commands_processed'),
    cpuMs: (figure('used_cpu_sys') + figure('used_cpu_user')) * 1000,
    sentMiB: figure('total_net_output_bytes') / 2 ** 20,
  };
}

export function workBetween(before: RedisFigures, after: RedisFigures): RedisWork {
  const forMs = after.atMs - before.atMs;
  const commands = after.commands - before.commands;
  return {
    commands,
    commandsPerSecond: (commands / forMs) * 1000,
    cpuPercent: ((after.cpuMs - before.cpuMs) / forMs) * 100,
    sentMiB: after.sentMiB - before.sentMiB,
  };
}
