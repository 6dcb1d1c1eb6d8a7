import type { Script } from '../../redis/redis-connections.js';

/**
 * The keys of both scripts, in their order; `waiting:<container>` comes last. Records are in `deployments`; the sorted sets
 * hold their ids, and say by their scores in which order they came. `owners` says whose places those are that wait.
 * Of those that ended, the ones that never began are in `unbegun`, the others in `finished`.
 */
export const recordKeys = [
  'deployments',
  'accepted',
  'waiting',
  'running',
  'finished',
  'joinable',
  'sequence',
  'owners',
  'unbegun',
] as const;

const names = `
local deployments, accepted, waiting, running = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local finished, joinable, sequence, owners, unbegun, ofContainer = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
`;

/**
 * A request: answers `joins <id>` where one waits that it can join, `full <how many>`, or `accepted <position>`; then all that wait
 * for that container, each as `<kind> <id>`, and how many places its account has. Arguments: id, record, kind, what it joins by, how
 * many may wait, its account, `limited` where that must leave as many places free as it has (see `hasPlace`), and how many of that
 * account will leave for it.
 */
export const acceptScript: Script = {
  name: 'acceptDeployment',
  keys: recordKeys.length + 1,
  lua: `${names}
local id, record, kind, joinsBy, size = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local present = redis.call('HGET', joinable, joinsBy)
if present then
  return {'joins', present, redis.call('ZRANGE', ofContainer, 0, -1), 0}
end
local account, isLimited, leaving = ARGV[6], ARGV[7] == 'limited', tonumber(ARGV[8])
local count, own = redis.call('ZCARD', waiting), 0
for _, owner in ipairs(redis.call('HVALS', owners)) do
  if owner == account then
    own = own + 1
  end
end
local total = count - leaving
if total >= size or (isLimited and own - leaving >= size - total) then
  return {'full', count, redis.call('ZRANGE', ofContainer, 0, -1), own}
end
local place = redis.call('INCR', sequence)
redis.call('HSET', deployments, id, record)
redis.call('ZADD', accepted, place, id)
redis.call('ZADD', waiting, place, id)
redis.call('ZADD', ofContainer, place, kind .. ' ' .. id)
redis.call('HSET', joinable, joinsBy, id)
if account ~= '' then
  redis.call('HSET', owners, id, account)
end
return {'accepted', count + 1, redis.call('ZRANGE', ofContainer, 0, -1), own + 1}
`,
};

/**
 * Replaces a record, unless it has changed meanwhile: answers `changed`, `full <how many>`, `overtaken <id>` or `done`. Arguments: id,
 * the record as it was, as it is to be, kind, what it joins by, where it is then (`waiting`, `leaving`: it waits and nobody joins it,
 * `running` or `finished`), how many may wait (0: it has its place already, and comes back to it), how many finished ones are kept, the channel and the
 * message that tell that it finished, `part` where it is a part of another one: that is neither listed nor kept by itself, the account whose
 * place it has while it waits, `unbegun` where it ended before it began, and how many such ones are kept among the finished ones.
 */
export const changeScript: Script = {
  name: 'changeDeployment',
  keys: recordKeys.length + 1,
  lua: `${names}
-- A record that cannot be read has none.
local function hostsOf(record)
  local isJson, stored = pcall(cjson.decode, record or '')
  local deployment = isJson and type(stored) == 'table' and stored.deployment
  local hosts = type(deployment) == 'table' and deployment.hosts
  return type(hosts) == 'table' and hosts or {}
end
local function maySupersede(id)
  local isJson, stored = pcall(cjson.decode, redis.call('HGET', deployments, id) or '')
  return not isJson or type(stored) ~= 'table' or stored.maySupersede ~= false
end
local id, before, after, kind, joinsBy, to = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local size, kept = tonumber(ARGV[7]), tonumber(ARGV[8])
local member = kind .. ' ' .. id
if redis.call('HGET', deployments, id) ~= before then
  return {'changed', ''}
end
local waits = redis.call('ZSCORE', waiting, id)
if (to == 'waiting' or to == 'leaving') and not waits then
  local place = redis.call('ZSCORE', accepted, id)
  if size > 0 then
    local isWaitedFor = false
    for _, other in ipairs(redis.call('ZRANGE', ofContainer, 0, -1)) do
      if string.sub(other, 1, #kind + 1) ~= kind .. ' ' then
        local otherId = string.match(other, ' (.*)')
        if maySupersede(otherId) then
          return {'overtaken', otherId}
        end
        isWaitedFor = true
      end
    end
    local count = redis.call('ZCARD', waiting)
    if count >= size then
      return {'full', tostring(count)}
    end
    -- Those that may not end it stay behind it.
    if not isWaitedFor then
      place = redis.call('INCR', sequence)
    end
  end
  redis.call('ZREM', running, id)
  redis.call('ZADD', waiting, place, id)
  redis.call('ZADD', ofContainer, place, member)
  redis.call('HSET', joinable, joinsBy, id)
end
if to == 'running' or to == 'finished' then
  redis.call('ZREM', waiting, id)
  redis.call('ZREM', ofContainer, member)
end
if to ~= 'waiting' then
  if redis.call('HGET', joinable, joinsBy) == id then
    redis.call('HDEL', joinable, joinsBy)
  end
end
if ARGV[12] ~= '' and redis.call('ZSCORE', waiting, id) then
  redis.call('HSET', owners, id, ARGV[12])
else
  redis.call('HDEL', owners, id)
end
redis.call('HSET', deployments, id, after)
if to == 'running' then
  redis.call('ZADD', running, 'NX', redis.call('ZSCORE', accepted, id) or redis.call('INCR', sequence), id)
elseif to == 'finished' then
  redis.call('ZREM', running, id)
  redis.call('PUBLISH', ARGV[9], ARGV[10])
  if ARGV[11] == 'part' then
    return {'done', ''}
  end
  redis.call('ZADD', ARGV[13] == 'unbegun' and unbegun or finished, redis.call('INCR', sequence), id)
  while redis.call('ZCARD', finished) + redis.call('ZCARD', unbegun) > kept do
    local isCrowded = redis.call('ZCARD', unbegun) > tonumber(ARGV[14]) or redis.call('ZCARD', finished) == 0
    local oldest = redis.call('ZPOPMIN', isCrowded and unbegun or finished)[1]
    redis.call('ZREM', accepted, oldest)
    for _, part in ipairs(hostsOf(redis.call('HGET', deployments, oldest))) do
      if type(part) == 'table' and type(part.deploymentId) == 'string' then
        redis.call('HDEL', deployments, part.deploymentId)
      end
    end
    redis.call('HDEL', deployments, oldest)
  end
end
return {'done', ''}
`,
};

/** Begins a part, unless it has been begun. Arguments: id, record. */
export const addPartScript: Script = {
  name: 'addDeploymentPart',
  keys: 3,
  lua: `
local deployments, running, sequence, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local isNew = redis.call('HSETNX', deployments, id, ARGV[2])
if isNew == 1 then
  redis.call('ZADD', running, redis.call('INCR', sequence), id)
end
return isNew
`,
};

/** Puts one that waits behind all others. Arguments: id, kind. */
export const moveBehindScript: Script = {
  name: 'moveDeploymentBehind',
  keys: 3,
  lua: `
local waiting, sequence, ofContainer, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local place = redis.call('INCR', sequence)
redis.call('ZADD', waiting, 'XX', place, id)
redis.call('ZADD', ofContainer, 'XX', place, ARGV[2] .. ' ' .. id)
return redis.call('ZRANK', waiting, id)
`,
};

/** Nobody joins this deployment any more. Arguments: what it is joined by, id. */
export const forgetJoinableScript: Script = {
  name: 'forgetJoinableDeployment',
  keys: 1,
  lua: `
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return ''
`,
};

/** Writes nothing new, by a command that a full or read-only Redis refuses; answers the first key that holds something else than it should. */
export const probeScript: Script = {
  name: 'probeDeployments',
  keys: recordKeys.length,
  lua: `
local types = {'hash', 'zset', 'zset', 'zset', 'zset', 'hash', 'string', 'hash', 'zset'}
for index, expected in ipairs(types) do
  local found = redis.call('TYPE', KEYS[index]).ok
  if found ~= 'none' and found ~= expected then
    return KEYS[index]
  end
end
redis.call('INCRBY', KEYS[7], 0)
return ''
`,
};
