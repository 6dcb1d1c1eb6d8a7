import { Inject, Injectable, Logger } from '@nestjs/common';
import { setTimeout } from 'node:timers/promises';
import { settings, type Settings } from '../../config/settings.js';
import { Engine } from '../engine/engine.js';
import type { ContainerInspect, CreateRequest } from '../engine/engine-types.js';
import { deadline } from '../../common/deadline.js';
import { readAtMost } from '../engine/engine-connection.js';
import { find, findImage } from '../engine/find.js';
import { UpdateError, type UpdateOutcome } from '../update/outcome.js';
import { helperLabels, isHelper } from './helper-mark.js';
import { resultIn, type SelfUpdateResult } from './self-update-result.js';
import { carriedHostConfig } from '../recreate/fields/host-config.js';
import { helperName, helperNamePattern, parseTemporaryName } from '../update/temporary-names.js';
import type { Drain } from '../engine/shutdown-signals.js';
import { nameOf } from '../engine/container.js';
import { hasNoEndpoints, networkOf } from '../engine/namespaces.js';

/** The argument by which the service's program becomes the helper: see self-update.command.ts. */
export const selfUpdateCommand = 'self-update';

const pollMs = 500;
const marginMs = 300_000;
const restartsAfterCrash = 3;
/** The outcome is the last line; those before it are the helper's log. */
const resultLines = 5;
const resultLimitBytes = 256 * 1024;
const resultTimeoutMs = 10_000;

/**
 * Updates the service's own container through a short-lived helper: a container of the same image as the one that is to
 * be replaced, that goes through the same stages. The service itself would stop in the middle of them.
 */
@Injectable()
export class SelfUpdate {
  private readonly logger = new Logger('SelfUpdate');

  constructor(
    private readonly engine: Engine,
    @Inject(settings.KEY) private readonly settings: Pick<Settings, 'pullTimeoutMs' | 'proofTimeoutMs'>,
  ) {}

  /** Starts the helper; answers with its id. */
  async begin(own: ContainerInspect, reference: string): Promise<string> {
    const { Id } = await this.engine.createContainer(helperName(nameOf(own), own.Id), helperRequest(own, reference));
    for (const network of furtherNetworks(own)) await this.engine.connectNetwork(network, Id, {});
    await this.engine.startContainer(Id);
    this.logger.log(`the helper ${Id.slice(0, 12)} updates ${nameOf(own)}, the container of this service`);
    return Id;
  }

  /**
   * Waits for the helper's end, which comes before our own only where nothing was stopped.
   * @throws UpdateError `interrupted` where our own comes first: the helper goes on, and the next instance reports
   */
  async end(helperId: string, drain: Drain): Promise<UpdateOutcome> {
    const helper = await this.untilEnded(helperId, drain);
    if (!helper) throw new UpdateError('internal_error', 'swap', 'the helper was removed by somebody else');
    return (await this.collect(helper)).outcome;
  }

  /**
   * While a helper lives it alone owns the update of its container: waits for each there is, and tells how it ended.
   * @throws UpdateError `another_instance` where one does not end in time
   */
  async awaitHelpers(drain: Drain): Promise<SelfUpdateResult[]> {
    const results: SelfUpdateResult[] = [];
    for (const { Id } of await this.engine.listContainersByName(helperNamePattern)) {
      if (!(await this.isOurs(Id))) continue;
      this.logger.log(`waiting for the helper ${Id.slice(0, 12)}, which updates the container of this service`);
      const helper = await this.untilEnded(Id, drain);
      if (helper) results.push(await this.collect(helper));
    }
    return results;
  }

  private async isOurs(id: string): Promise<boolean> {
    const container = await find(this.engine, id);
    if (!container) return false;
    if (isHelper(container, await findImage(this.engine, container.Image))) return true;
    this.logger.warn(
      `the container ${nameOf(container)} has the name of a helper of this service, but no helper's mark: it is left alone`,
    );
    return false;
  }

  private async untilEnded(helperId: string, drain: Drain): Promise<ContainerInspect | undefined> {
    const deadline = performance.now() + this.settings.pullTimeoutMs + this.settings.proofTimeoutMs + marginMs;
    for (;;) {
      const helper = await find(this.engine, helperId);
      if (!helper?.State.Running) return helper;
      if (drain.begun.aborted) {
        throw new UpdateError(
          'interrupted',
          'swap',
          `the helper ${nameOf(helper)} goes on with the update; the instance that starts next reports how it ended`,
        );
      }
      if (performance.now() >= deadline) {
        throw new UpdateError('another_instance', 'recover', `the helper ${nameOf(helper)} still runs; remove it`);
      }
      await setTimeout(pollMs, undefined, { signal: drain.begun }).catch(() => undefined);
    }
  }

  /** Reads the helper's result, and removes it. */
  private async collect(helper: ContainerInspect): Promise<SelfUpdateResult> {
    const logs = await this.engine.containerLogs(helper.Id, resultLines, deadline(resultTimeoutMs));
    const output = demultiplex(await readAtMost(logs, resultLimitBytes)).toString('utf8');
    await this.engine.removeContainer(helper.Id);
    const result = resultIn(output);
    if (result) return result;
    const message = `the helper ended with code ${helper.State.ExitCode}, and did not tell in words of this version how the update went`;
    return {
      container: parseTemporaryName(helper.Name)?.name ?? nameOf(helper),
      reference: helper.Config.Cmd?.at(-1) ?? '',
      outcome: { status: 'failed', error: { code: 'internal_error', stage: 'swap', message } },
    };
  }
}

/**
 * The helper runs the old image's program, whatever the new one is like, with our settings, mounts and ways to the
 * engine, but without our ports and names. It starts again where it crashes, for we may be stopped by then.
 */
function helperRequest(own: ContainerInspect, reference: string): CreateRequest {
  const { Env, User, WorkingDir } = own.Config;
  const mounts = { Binds: null, Mounts: null, VolumesFrom: [own.Id] };
  return {
    Image: own.Image,
    Entrypoint: [process.execPath, process.argv[1] ?? '', selfUpdateCommand],
    Cmd: [nameOf(own), reference],
    Env,
    User,
    WorkingDir,
    Labels: helperLabels(own),
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      ...carriedHostConfig(own, mounts, own.HostConfig.Sysctls),
      PortBindings: {},
      PublishAllPorts: false,
      Links: null,
      AutoRemove: false,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: restartsAfterCrash },
      LogConfig: { Type: 'json-file', Config: {} },
    },
  };
}

/** Joins the payloads of the engine's frames: 1 byte stream, 3 bytes zero, 4 bytes length (Engine API, "Attach to a container"). */
function demultiplex(frames: Buffer): Buffer {
  const payloads: Buffer[] = [];
  let offset = 0;
  while (offset + 8 <= frames.length) {
    const length = frames.readUInt32BE(offset + 4);
    payloads.push(frames.subarray(offset + 8, offset + 8 + length));
    offset += 8 + length;
  }
  return Buffer.concat(payloads);
}

/** The engine attaches the network of the network mode by itself. */
function furtherNetworks({ HostConfig, NetworkSettings }: ContainerInspect): string[] {
  if (hasNoEndpoints(HostConfig.NetworkMode)) return [];
  return Object.keys(NetworkSettings.Networks ?? {}).filter((network) => network !== networkOf(HostConfig.NetworkMode));
}
