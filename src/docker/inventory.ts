import { Injectable } from '@nestjs/common';
import { Engine } from './engine.js';
import { find } from './find.js';
import { parseImageReference, repositoryOf } from './image-reference.js';
import { parseTemporaryName } from './temporary-names.js';

/** The names of an engine's containers, and the repository of the image that each was made from; empty where it has none. */
@Injectable()
export class Inventory {
  constructor(private readonly engine: Engine) {}

  /** @throws EngineError, EngineUnreachable or EngineTimeout */
  async list(): Promise<Record<string, string>> {
    await this.engine.connect();
    const found: Record<string, string> = {};
    for (const { Id, Names, Image } of await this.engine.listContainers()) {
      // The first one without a second slash: the others are links.
      const name = Names.find((each) => /^\/[^/]+$/.test(each))?.slice(1);
      if (name === undefined || parseTemporaryName(name)) continue;
      // An id stands there where the tag means another image by now.
      const isId = /^(sha256:)?[0-9a-f]{12,64}$/.test(Image);
      found[name] = repository(isId ? ((await find(this.engine, Id))?.Config.Image ?? '') : Image);
    }
    return found;
  }
}

function repository(image: string): string {
  try {
    return repositoryOf(parseImageReference(image));
  } catch {
    return '';
  }
}
