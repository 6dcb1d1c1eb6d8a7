import { Inject, Injectable } from '@nestjs/common';
import { lookup } from 'node:dns/promises';
import { realpath, stat } from 'node:fs/promises';
import { withFileTimeout } from '../../common/file-timeout.js';
import { defaultSocketPath } from '../../config/engine-address.js';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect } from '../engine/engine-types.js';
import { find } from '../engine/find.js';
import { hostNetwork, leadsToContainer, networkLedTo, proxiesAmong, proxiesOnNetwork } from './proxies-among.js';
import { selfAmong } from './self-among.js';
import { socketMakersAmong, socketPlace, type SocketPlace } from './socket-place.js';
import { ownContainer, type OwnContainer } from './own-container.js';

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
    // A list of those that may depend on a container lacks those that stand alone.
    const owner =
      own && (all.find(({ Id }) => Id === own.networkOwnerId) ?? (await find(this.engine, own.networkOwnerId)));
    const selfId = selfAmong(owner && !all.includes(owner) ? [...all, owner] : all, own)?.Id;
    return {
      selfId,
      socketMakerIds: engine.host ? [] : await this.socketMakers(all, selfId ?? own?.networkOwnerId),
      proxyIds: engine.host ? await this.proxies(all, owner, selfId) : [],
    };
  }

  private async proxies(
    all: readonly ContainerInspect[],
    owner: ContainerInspect | undefined,
    selfId: string | undefined,
  ): Promise<string[]> {
    const { engine } = this.settings;
    const addresses = await addressesOf(engine.host ?? '');
    const found = proxiesAmong(all, engine, addresses);
    // TLS is spoken by an engine, and by no proxy that others share a network with.
    const network = engine.tls ? undefined : networkLedTo(addresses, owner);
    const mayBe = network === undefined ? [] : proxiesOnNetwork(all, network).filter(({ Id }) => Id !== selfId);
    const isElsewhere = async (): Promise<boolean> =>
      network === hostNetwork && leadsToContainer(await this.engine.listContainers(), engine, addresses);
    if (mayBe.length > 0 && !(await isElsewhere())) found.push(...mayBe);
    return found.map(({ Id }) => Id);
  }

  private async socketMakers(all: readonly ContainerInspect[], selfId: string | undefined): Promise<string[]> {
    this.place ??= this.findPlace(selfId);
    try {
      const place = { ...(await this.place), madeAtMs: await madeAtMs(this.socketPath) };
      return socketMakersAmong(all, place, selfId).map(({ Id }) => Id);
    } catch (error) {
      this.place = undefined;
      throw error;
    }
  }

  private get socketPath(): string {
    return this.settings.engine.socketPath ?? defaultSocketPath;
  }

  /** A container's mounts are never changed. */
  private async findPlace(selfId: string | undefined): Promise<SocketPlace> {
    // A dead end of a link is no reason: the engine is asked by another call, which says so.
    const socketPath = await realpath(this.socketPath).catch(() => this.socketPath);
    const self = selfId === undefined ? undefined : await find(this.engine, selfId);
    return socketPlace(socketPath, self?.Mounts);
  }
}

/** Undefined if the file system does not say it. A connection or a chmod leaves this time as it is. */
async function madeAtMs(socketPath: string): Promise<number | undefined> {
  try {
    return (await withFileTimeout(socketPath, () => stat(socketPath))).mtimeMs;
  } catch {
    return undefined;
  }
}

/** Asked anew each time: a proxy that was recreated has another address. */
async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
