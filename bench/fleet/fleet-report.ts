import { atOnce, type FleetFigures } from './fleet-figures.js';

type Figure = [what: string, of: (figures: FleetFigures) => number];

const rows: readonly Figure[] = [
  ['connections to Redis', ({ connections }) => connections],
  ['**at rest**: memory of Redis, MiB', ({ rest }) => rest.redisMiB],
  ['memory of Redis as the kernel counts it, MiB', ({ rest }) => rest.redisResidentMiB],
  ['commands per second of Redis', ({ rest }) => rest.commandsPerSecond],
  ['CPU of Redis, % of one core', ({ rest }) => rest.cpuPercent],
  ['memory of a replica, MiB', ({ rest }) => rest.apiMiB],
  ['CPU of a replica, % of one core', ({ rest }) => rest.apiCpuPercent],
  ['**one notify for one host**: from the request to the end of its record, ms', ({ aloneMs }) => aloneMs],
  [`**a rollout through all hosts, ${atOnce} at once**: until it is answered, ms`, ({ rollout }) => rollout.answeredMs],
  ['from the request to the end of its record, ms', ({ rollout }) => rollout.durationMs],
  ['the same for each host, ms', ({ rollout, hosts }) => rollout.durationMs / hosts],
  ['CPU time of a replica for each host, ms', ({ rollout }) => rollout.apiCpuMsPerHost],
  ['CPU time of Redis for each host, ms', ({ rollout }) => rollout.redisCpuMsPerHost],
  ['commands of Redis for each host', ({ rollout }) => rollout.commandsPerHost],
  ['sent by Redis for each host, KiB', ({ rollout }) => rollout.sentKiBPerHost],
  ['**a name that no host has**: until it is answered, ms', ({ unknown }) => unknown.answeredMs],
  ['commands of Redis', ({ unknown }) => unknown.commands],
  ['**many notifies for single hosts**: accepted per second, by one replica', ({ single }) => single.perSecond],
  ['p99 of the answers, ms', ({ single }) => single.p99Ms],
  ['answered 503, %', ({ single }) => single.refusedPercent],
  ['CPU time of the replica for each, ms', ({ single }) => single.apiCpuMs],
  ['CPU of Redis meanwhile, % of one core', ({ single }) => single.redisCpuPercent],
  ['commands of Redis for each deployment, to its end', ({ single }) => single.commandsEach],
  ['CPU time of Redis for each deployment, to its end, ms', ({ single }) => single.redisCpuMs],
  ['deployments ended per second', ({ single }) => single.endedPerSecond],
  ['**many notifies for one that all hosts have**: accepted per second', ({ everywhere }) => everywhere.perSecond],
  ['CPU time of the replica for each, ms', ({ everywhere }) => everywhere.apiCpuMs],
  ['p99 of the answers, ms', ({ everywhere }) => everywhere.p99Ms],
  ['answered 503, %', ({ everywhere }) => everywhere.refusedPercent],
  ['**after all that**: memory of Redis, MiB', ({ after }) => after.redisMiB],
  ['memory of the replica, MiB', ({ after }) => after.apiMiB],
  ['deployments that are kept', ({ after }) => after.deployments],
];

/** A column for each fleet, and how much more the last one has of each than the one before. */
export function fleetTable(all: readonly FleetFigures[]): string {
  const [before, last] = [all.at(-2) ?? all[0], all.at(-1)];
  if (!before || !last) throw new Error('there is no fleet');
  const cells = rows.map(([what, of]) => [what, ...all.map((one) => rounded(of(one))), growth(of(before), of(last))]);
  const head = [
    'hosts',
    ...all.map(({ hosts }) => rounded(hosts)),
    `${rounded(last.hosts)} : ${rounded(before.hosts)}`,
  ];
  return [head, head.map((_, index) => (index === 0 ? '---' : '--:')), ...cells]
    .map((line) => `| ${line.join(' | ')} |`)
    .join('\n');
}

function growth(before: number, last: number): string {
  return before > 0 ? (last / before).toFixed(1) : '–';
}

function rounded(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
