import type { ContainerConfig, ContainerInspect, ImageInspect } from '../../engine/engine-types.js';
import { isShortId } from '../fields/hostname.js';
import { labels } from '../../update/labels.js';
import { isSet, lostEntries, means } from './same.js';
import { usesOthersNetwork } from '../../engine/namespaces.js';
import { composeLabels } from '../../engine/compose-labels.js';

/** Rewritten with each update: Compose's record of the image, and our own of what was before. */
const rewritten = new Set<string>([composeLabels.image, labels.previous, labels.replacedVolumes, labels.replaces]);
const replacedWholly = ['User', 'WorkingDir', 'StopSignal'] as const;
/** Not taken from the image: where they differ, the engine did not take them. */
const plain = [
  ...['AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty', 'OpenStdin', 'StdinOnce', 'NetworkDisabled'],
  ...['Image', 'Shell', 'StopTimeout'],
];
const known = new Set([
  ...['Env', 'Cmd', 'Entrypoint', 'Labels', 'Healthcheck', 'ExposedPorts', 'Volumes', 'OnBuild', 'ArgsEscaped'],
  ...['Hostname', 'Domainname', 'MacAddress', ...replacedWholly, ...plain],
]);

/** What the user set of the configuration and the replacement has not. Names, never values: those may be secrets. */
export function lostConfig(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  created: ContainerInspect,
): string[] {
  const [before, image, after] = [old.Config, oldImage.Config ?? {}, created.Config];
  return [
    ...lostVariables(before.Env ?? [], image.Env ?? [], after.Env ?? []),
    ...lostCommand(before, image, after),
    ...lostEntries(before.Labels, image.Labels, after.Labels)
      .filter((name) => !rewritten.has(name))
      .map((name) => `the label ${name}`),
    ...lostHealthcheck(before, image, after),
    ...replacedWholly.filter((field) => !means(before[field], image[field]) && !means(before[field], after[field])),
    ...plain.filter((field) => isSet(before[field]) && !means(before[field], after[field])),
    ...(usesOthersNetwork(old.HostConfig.NetworkMode) ? [] : lostIdentity(old, oldImage, created)),
  ];
}

/** Fields that are not known here and differ: a newer engine's, most likely. */
export function unknownConfig(old: ContainerConfig, created: ContainerConfig): string[] {
  return Object.keys(old).filter(
    (field) => !known.has(field) && isSet(old[field]) && !means(old[field], created[field]),
  );
}

/** A process sees the last of several entries with one name. */
function lostVariables(before: string[], image: string[], after: string[]): string[] {
  const byName = (entries: string[]): Map<string, string> =>
    new Map(entries.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  const [inherited, now] = [new Set(image), byName(after)];
  return [...byName(before)]
    .filter(([name, entry]) => !inherited.has(entry) && now.get(name) !== entry)
    .map(([name]) => `the environment variable ${name}`);
}

/** An entrypoint of the user's own takes the image's command away, so that the command beside it is the user's too. */
function lostCommand(before: ContainerConfig, image: Partial<ContainerConfig>, after: ContainerConfig): string[] {
  const isOwnEntrypoint = !means(before.Entrypoint, image.Entrypoint);
  // A client that sent an empty list as entrypoint left the image's command in force.
  const isOwnCommand = !means(before.Cmd, image.Cmd) || (isOwnEntrypoint && before.Entrypoint?.length !== 0);
  return [
    ...(isOwnEntrypoint && !means(before.Entrypoint, after.Entrypoint) ? ['the entrypoint'] : []),
    ...(isOwnCommand && !means(before.Cmd, after.Cmd) ? ['the command'] : []),
  ];
}

function lostHealthcheck(before: ContainerConfig, image: Partial<ContainerConfig>, after: ContainerConfig): string[] {
  const set = Object.fromEntries(Object.entries(before.Healthcheck ?? {}).filter(([, value]) => isSet(value)));
  return lostEntries(set, image.Healthcheck, after.Healthcheck).map((field) => `the health check's ${field}`);
}

/** By what others know the container, where that is not another container's. */
function lostIdentity(
  old: ContainerInspect,
  oldImage: Pick<ImageInspect, 'Config'>,
  { Config }: ContainerInspect,
): string[] {
  const { Hostname, Domainname, MacAddress, ExposedPorts } = old.Config;
  const { NetworkMode, UTSMode } = old.HostConfig;
  // On the host's network the engine puts in the host's own name.
  const isNamed =
    Hostname &&
    !isShortId(Hostname) &&
    Hostname !== old.Id.slice(0, 12) &&
    UTSMode !== 'host' &&
    NetworkMode !== 'host';
  const addresses = Object.values(old.NetworkSettings.Networks ?? {}).map(({ IPAddress }) => IPAddress);
  const isMacSet = MacAddress && !addresses.includes(ipv4Of(MacAddress) ?? 'none');
  return [
    ...lostEntries(ExposedPorts, oldImage.Config?.ExposedPorts, Config.ExposedPorts).map((port) => `the port ${port}`),
    ...(isNamed && Hostname !== Config.Hostname ? ['the hostname'] : []),
    ...(Domainname && Domainname !== Config.Domainname ? ['the domain name'] : []),
    ...(isMacSet && MacAddress !== Config.MacAddress ? ['the MAC address'] : []),
  ];
}

/** The IPv4 address of which engines up to 27 made a MAC address, of `02:42` and its four bytes. */
function ipv4Of(mac: string): string | undefined {
  const [first, second, ...bytes] = mac.split(':').map((byte) => parseInt(byte, 16));
  return first === 0x02 && second === 0x42 ? bytes.join('.') : undefined;
}
