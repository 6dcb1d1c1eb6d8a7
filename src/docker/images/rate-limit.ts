/** What a registry says of a request that it refuses because there were too many (HTTP 429, `TOOMANYREQUESTS`). */
export interface RateLimit {
  /** How long the registry wants the engine to wait, in milliseconds, where its message says so. */
  delayMs?: number;
  /** Whether it lasts for longer than a retry may wait: a quota of hours, or a delay beyond `maxRegistryDelayMs`. */
  isQuota: boolean;
}

/** A longer delay is not waited for: it would hold up what the caller waits for, and a later notify is as good. */
const maxRegistryDelayMs = 5 * 60_000;

// A word that is part of a name, as in registry.io/toomanyrequests:1, says nothing.
const tooMany =
  /(?<![\w/.-])(?:toomanyrequests|too many requests|rate (?:limit )?exceeded|quota exceeded|HTTP (?:status: )?429)(?![\w/-])|: 429 |\bstatus(?: code)?:? 429\b/i;
/** Docker Hub's limit of pulls in six hours, Amazon ECR Public's of data in a month, Google's daily quotas. */
const quota =
  /pull rate limit|data limit exceeded|quota exceeded.*\bper (?:day|month)\b|\b(?:daily|monthly) (?:quota|limit)/i;

const units: Record<string, number> = {
  ...{ ns: 1e-6, us: 1e-3, ms: 1 },
  ...{ s: 1000, sec: 1000, secs: 1000, second: 1000, seconds: 1000 },
  ...{ m: 60_000, min: 60_000, mins: 60_000, minute: 60_000, minutes: 60_000 },
  ...{ h: 3_600_000, hour: 3_600_000, hours: 3_600_000 },
};
const amount = String.raw`\d{1,12}(?:\.\d{1,12})?\s?(?:[µμnum]?s|m(?:in(?:ute)?s?)?|h(?:ours?)?|sec(?:ond)?s?)(?![a-z])`;
const saidDelay = new RegExp(
  String.raw`(?:retry[- ]after|try again (?:in|after))"?:?\s?"?(?:((?:${amount}\s?){1,3})|(\d{1,9})\b(?![.\d])|(\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT))`,
  'i',
);

/**
 * Reads what the engine passes on of a registry's answer. It does not pass on the header `Retry-After`, but some
 * registries say the delay in their message (`retry-after: 711.804µs, allowed: 44000/minute`, ghcr.io). Pure.
 * @param now epoch milliseconds
 * @returns undefined where the message is about something else
 */
export function rateLimitIn(message: string, now: number): RateLimit | undefined {
  if (!tooMany.test(message)) return undefined;
  const delayMs = delayIn(message, now);
  return { delayMs, isQuota: delayMs === undefined ? quota.test(message) : delayMs > maxRegistryDelayMs };
}

function delayIn(message: string, now: number): number | undefined {
  const [, amounts, seconds, date] = saidDelay.exec(message) ?? [];
  if (amounts) {
    const parts = [...amounts.matchAll(/([\d.]+)\s?([a-zµμ]+)/gi)];
    return Math.ceil(parts.reduce((sum, [, value, unit]) => sum + Number(value) * (units[plain(unit)] ?? 0), 0));
  }
  if (seconds) return Number(seconds) * 1000;
  const at = date ? Date.parse(date) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

/** Both characters that stand for micro. */
function plain(unit = ''): string {
  return unit.toLowerCase().replace(/[µμ]/, 'u');
}
