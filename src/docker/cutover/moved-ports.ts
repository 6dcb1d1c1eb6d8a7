import type { ContainerInspect } from '../engine/engine-types.js';

type PortMap = ContainerInspect['NetworkSettings']['Ports'];

/** Warnings: a port that the engine chose (`-p 80`, `-P`, a range) is another one in the new container. Names old and new. Pure. */
export function movedPorts(before: ContainerInspect, after: ContainerInspect): string[] {
  const [old, now] = [before.NetworkSettings.Ports, after.NetworkSettings.Ports];
  return Object.keys(old ?? {}).flatMap((port) => {
    const [was, is] = [hostPorts(old, port), hostPorts(now, port)];
    if (was === '' || is === '' || was === is) return [];
    return [
      `port ${port} is published at ${is} now, and was at ${was}: the engine chooses it at each start; publish a fixed one (${publishOptions(old, port)}) to keep it`,
    ];
  });
}

/** Of a plan: the ports that the engine chooses. Pure. */
export function changingPorts(container: ContainerInspect): string[] {
  const { PortBindings, PublishAllPorts } = container.HostConfig;
  const { Ports } = container.NetworkSettings;
  return Object.keys(Ports ?? {}).flatMap((port) => {
    const bindings = PortBindings?.[port] ?? [];
    const isChosen = bindings.length === 0 ? PublishAllPorts : bindings.some(({ HostPort }) => isFree(HostPort));
    const was = hostPorts(Ports, port);
    return isChosen && was !== '' ? [`port ${port} is published at ${was}, which the engine chose; it changes`] : [];
  });
}

/** Nothing, `0`, or a range such as `8000-8010`. */
function isFree(hostPort = ''): boolean {
  return !/^[1-9]\d*$/.test(hostPort);
}

function hostPorts(ports: PortMap, port: string): string {
  const found = (ports?.[port] ?? []).map(({ HostPort = '' }) => HostPort).filter((text) => text !== '');
  return [...new Set(found)].sort().join(', ');
}

/** With the address and the protocol: without them, whoever copies it would open the port to other hosts, or another port. */
function publishOptions(ports: PortMap, port: string): string {
  const [number = '', protocol] = port.split('/');
  const to = protocol === 'tcp' ? number : port;
  const from = (ports?.[port] ?? []).flatMap(({ HostIp = '', HostPort = '' }) =>
    HostPort === '' ? [] : [`${addressPrefix(HostIp)}${HostPort}`],
  );
  return [...new Set(from)].map((host) => `-p ${host}:${to}`).join(' ');
}

/** Nothing for all addresses, which is what `-p` means without one. */
function addressPrefix(address: string): string {
  if (['', '0.0.0.0', '::'].includes(address)) return '';
  return address.includes(':') ? `[${address}]:` : `${address}:`;
}
