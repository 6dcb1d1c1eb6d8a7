/** How a receiver wants to be told: our own JSON, or what Slack's and Discord's incoming webhooks take. */
export type MessageFormat = 'json' | 'slack' | 'discord';

/** Where notifications go. The URL is a secret: whoever has it can post. */
export interface Receiver {
  url: string;
  format: MessageFormat;
  /** What may be said of it in a log. */
  name: string;
}

/** Hosts whose webhooks take nothing but a format of their own. */
const formatByHost: Record<string, MessageFormat> = {
  'hooks.slack.com': 'slack',
  'discord.com': 'discord',
  'discordapp.com': 'discord',
};

/**
 * Reads a list of receivers, one URL beside another with white space between them. `slack+https://…` and `discord+https://…` say the
 * format; without it the host does, and else it is JSON.
 * @throws Error that says which one is wrong and why, without the URL
 */
export function parseReceivers(list: string): Receiver[] {
  return list
    .split(/\s+/)
    .filter((text) => text !== '')
    .map((text, index) => parseReceiver(text, index + 1));
}

function parseReceiver(text: string, place: number): Receiver {
  const [, given, address = ''] = /^(?:(slack|discord)\+)?(.*)$/s.exec(text) ?? [];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(
      `has as URL number ${place} one that does not begin with https://, http://, slack+https:// or discord+https://`,
    );
  const format = (given as MessageFormat | undefined) ?? formatByHost[url.hostname] ?? 'json';
  return { url: url.href, format, name: `${place} (${url.hostname})` };
}
