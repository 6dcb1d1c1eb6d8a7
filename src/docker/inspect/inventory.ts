import { Injectable } from '@nestjs/common';
import { finished } from 'node:stream/promises';
import { Engine } from '../engine/engine.js';
import { find } from '../engine/find.js';
import { parseImageReference, repositoryOf } from '../images/image-reference.js';
import { namesOf } from './names.js';

/** The names of an engine's containers, and the repository of the image that each was made from; empty where it has none. */
@Injectable()
export class Inventory {
  constructor(private readonly engine: Engine) {}

  /** @throws EngineError, EngineUnreachable or EngineTimeout */
  async list(): Promise<Record<string, string>> {
    await this.engine.connect();
    const found: Record<string, string> = {};
    for (const [name, { Id, Image }] of namesOf(await this.engine.listContainers())) {
      // An id stands there where the tag means another image by now.
      const isId = /^(sha256:)?[0-9a-f]{12,64}$/.test(Image);
      found[name] = repository(isId ? ((await find(this.engine, Id))?.Config.Image ?? '') : Image);
    }
    return found;
  }

  /**
   * Calls back whenever what `list` answers may have changed. Ends with the engine, or once the signal is aborted.
   * @throws EngineError, EngineUnreachable or EngineTimeout, and whatever a connection that breaks throws
   */
  async follow(changed: () => void, signal: AbortSignal): Promise<void> {
    await this.engine.connect(signal);
    const events = await this.engine.nameEvents(signal);
    events.on('data', changed);
    // What changed before they were listened to.
    changed();
    await finished(events);
  }
}

function repository(image: string): string {
  try {
    return repositoryOf(parseImageReference(image));
  } catch {
    return '';
  }
}
