import { Inject, Injectable } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import type { ContainerInspect, ImageInspect } from './engine-types.js';
import { environmentValues, formsOf, mask } from './mask.js';
import { nameOf } from './pair.js';
import { registrySecrets, type RegistrySettings } from './registry-login.js';
import { userEnvironment } from './spec/environment.js';
import type { ServiceSpec } from './swarm/swarm-types.js';

/** Makes a text fit to be told: secrets are replaced by `***`. */
export type Mask = (text: string) => string;

/** What may be told of an update to whoever may ask for it. */
@Injectable()
export class Disclosure {
  constructor(@Inject(settings.KEY) private readonly settings: Pick<Settings, 'secretKey'> & RegistrySettings) {}

  /**
   * Masks this service's own tokens, the registries' credentials, and the values of 8 characters or more that the user gave
   * the container as environment. The image's own values are no secrets: whoever has the image has them. Neither is what
   * the record of a deployment tells anyway: a value that is part of the container's name or of its image reference.
   */
  maskFor(container: ContainerInspect, image: ImageInspect): Promise<Mask> {
    const environment = userEnvironment(container.Config.Env ?? [], image.Config?.Env ?? []);
    return this.maskOf(environment, [nameOf(container), container.Config.Image]);
  }

  /** The same of a Swarm service, all of whose environment the user gave it. */
  maskForService({ Name, TaskTemplate: { ContainerSpec } }: ServiceSpec): Promise<Mask> {
    return this.maskOf(ContainerSpec?.Env ?? [], [Name, ContainerSpec?.Image ?? '']);
  }

  /** @param told texts of which a value may be a part without being a secret */
  private async maskOf(environment: readonly string[], told: readonly string[]): Promise<Mask> {
    const secrets = [
      ...(this.settings.secretKey === undefined ? [] : [this.settings.secretKey]),
      ...(await registrySecrets(this.settings)),
      ...environmentValues(environment).filter((value) => !told.some((text) => text.includes(value))),
    ].flatMap(formsOf);
    return (text) => mask(text, secrets);
  }
}
