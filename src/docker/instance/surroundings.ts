import { Inject, Injectable } from '@nestjs/common';
import { lookup } from 'node:dns/promises';
import { realpath } from 'node:fs/promises';
import { defaultSocketPath, type EngineAddress } from '../../config/engine-address.js';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { socketMakersAmong, socketPlace, type SocketPlace } from './socket-place.js';
import { ownContainer, type OwnContainer } from './own-container.js';
import { nameOf } from '../engine/container.js';
import { ownerOf } from '../engine/namespaces.js';

/** The containers that this service itself depends on. */
export interface OwnParts {
  /** The container that this service runs in. */
  selfId?: string;
  /** The containers through which it reaches the engine. */
  proxyIds: string[];
  /** The containers that may have made the socket by which it reaches the engine. */
  socketMakerIds: string[];
}

/** Knows which of the engine's containers are parts of this service: to stop one would end the update in its middle. */
@Injectable()
export class Surroundings {
  private own: Promise<OwnContainer | undefined> | undefined;
  private place: Promise<SocketPlace> | undefined;

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'engine'>,
  ) {}

  /** @param all every container of the engine */
  async among(all: readonly ContainerInspect[]): Promise<OwnParts> {
    this.own ??= ownContainer();
    const { engine } = this.settings;
    const own = await this.own;
    const selfId = selfAmong(all, own)?.Id;
    return {
      selfId,
      socketMakerIds: engine.host ? [] : await this.socketMakers(all, selfId ?? own?.networkOwnerId),
      proxyIds: engine.host ? proxiesAmong(all, engine, await addressesOf(engine.host)).map(({ Id }) => Id) : [],
    };
  }

  private async socketMakers(all: readonly ContainerInspect[], selfId: string | undefined): Promise<string[]> {
    this.place ??= this.findPlace(selfId);
    try {
      return socketMakersAmong(all, await this.place, selfId).map(({ Id }) => Id);
    } catch (error) {
      this.place = undefined;
      throw error;
    }
  }

  /** A container's mounts are never changed. */
  private async findPlace(selfId: string | undefined): Promise<SocketPlace> {
    const path = this.settings.engine.socketPath ?? defaultSocketPath;
    // A dead end of a link is no reason: the engine is asked by another call, which says so.
    const socketPath = await realpath(path).catch(() => path);
    const self = selfId === undefined ? undefined : await find(this.engine, selfId);
    return socketPlace(socketPath, self?.Mounts);
  }
}

/** A process in another container's network sees that one's id in its mounts, but has a root of its own. */
export function selfAmong(
  all: readonly ContainerInspect[],
  own: OwnContainer | undefined,
): ContainerInspect | undefined {
  if (!own) return undefined;
  const owner = all.find(({ Id }) => Id === own.networkOwnerId);
  const sharing = all.filter(({ HostConfig }) => ownerOf({ HostConfig }, 'NetworkMode') === own.networkOwnerId);
  return sharing.find(({ GraphDriver }) => own.upperFolder && GraphDriver?.Data?.UpperDir === own.upperFolder) ?? owner;
}

/**
 * The containers that an engine's address can lead through: by name, by an alias, by an address of theirs, or by a port
 * of the host that they publish.
 * @param addresses what the host of the engine's address resolves to
 */
export function proxiesAmong(
  all: readonly ContainerInspect[],
  { host = '', port }: Pick<EngineAddress, 'host' | 'port'>,
  addresses: readonly string[],
): ContainerInspect[] {
  return all.filter((container) => {
    const endpoints = Object.values(container.NetworkSettings.Networks ?? {});
    const names = endpoints.flatMap(({ Aliases, DNSNames }) => [...(Aliases ?? []), ...(DNSNames ?? [])]);
    const own = endpoints.flatMap(({ IPAddress, GlobalIPv6Address }) => [IPAddress, GlobalIPv6Address]);
    const published = Object.values(container.HostConfig.PortBindings ?? {}).flatMap((bindings) => bindings ?? []);
    return (
      nameOf(container) === host ||
      names.includes(host) ||
      own.some((address) => address && addresses.includes(address)) ||
      published.some(({ HostPort }) => HostPort === String(port))
    );
  });
}

/** Asked anew each time: a proxy that was recreated has another address. */
async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
