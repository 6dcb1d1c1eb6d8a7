import { Inject, Injectable } from '@nestjs/common';
import { ownSecrets } from '../../config/own-secrets.js';
import { PolicyFile } from '../../config/policy/policy-file.js';
import { settings, type Settings } from '../../config/settings.js';
import { registrySecrets } from '../images/registry/registry-login.js';
import { commandSecrets, environmentSecrets, secretParts } from './secret-values.js';
import { userEnvironment } from '../recreate/fields/environment.js';
import { sameList } from '../recreate/fields/lists.js';
import type { ServiceSpec } from '../engine/swarm-types.js';
import { nameOf } from '../engine/container.js';
import type { Subject } from '../update/subject.js';

/** Finds the secrets that no text about an update may tell. */
@Injectable()
export class Disclosure {
  constructor(
    private readonly policy: PolicyFile,
    @Inject(settings.KEY) private readonly settings: Settings,
  ) {}

  /** What this service uses itself: its own secrets and tokens, and the registries' credentials in its configuration. */
  async ownSecrets(): Promise<string[]> {
    const own = await ownSecrets(this.settings, this.policy.current());
    return [...own, ...own.flatMap(secretParts), ...(await registrySecrets(this.settings))];
  }

  /**
   * What the user gave a container: values of its environment, and the passwords in its command (secret-values.ts says which). The image's
   * own values are no secrets: whoever has the image has them. Neither is what the record of a deployment tells anyway: a
   * value that is part of the container's name or of its image reference.
   */
  secretsOf({ old, oldImage }: Subject): string[] {
    const { Env, Image, Cmd, Entrypoint, Healthcheck } = old.Config;
    const { Config: defaults } = oldImage;
    const environment = userEnvironment(Env ?? [], defaults?.Env ?? []);
    const commands = [
      [Cmd, defaults?.Cmd],
      [Entrypoint, defaults?.Entrypoint],
      [Healthcheck?.Test, defaults?.Healthcheck?.Test],
    ].filter(([set, given]) => !sameList(set ?? [], given ?? []));
    const secrets = [...environmentSecrets(environment), ...commands.flatMap(([set]) => commandSecrets(set ?? []))];
    return unlessTold(secrets, [nameOf(old), Image]);
  }

  /** The same of a Swarm service, all of whose environment the user gave it. */
  secretsOfService({ Name, TaskTemplate: { ContainerSpec } }: ServiceSpec): string[] {
    const { Env, Image = '', Command, Args } = ContainerSpec ?? {};
    const command = [...(Command ?? []), ...(Args ?? [])];
    return unlessTold([...environmentSecrets(Env ?? []), ...commandSecrets(command)], [Name, Image]);
  }
}

function unlessTold(secrets: readonly string[], told: readonly string[]): string[] {
  return secrets.filter((secret) => !told.some((text) => text.includes(secret)));
}
