import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { parseTemporaryName } from '../../../src/docker/update/temporary-names.js';
import type { EngineUnderTest } from '../runner/environment.js';

interface ContainerEvent {
  Action: 'create' | 'destroy';
  Actor: { Attributes: { name: string } };
}

/** Counts what an engine itself says of its containers: how many were made for a name, and how many updates went on at once. */
export class ContainerWatch {
  private readonly made = new Map<string, number>();
  private readonly underUpdate = new Set<string>();
  /** The most containers that had a replacement beside them at the same time. */
  mostAtOnce = 0;

  private constructor(private readonly stream: Readable) {
    createInterface({ input: stream }).on('line', (line) => {
      this.see(JSON.parse(line) as ContainerEvent);
    });
    stream.on('error', () => undefined);
  }

  /** From now on, until `end`. */
  static async begin({ docker }: Pick<EngineUnderTest, 'docker'>): Promise<ContainerWatch> {
    const stream = await docker.getEvents({ filters: { type: ['container'], event: ['create', 'destroy'] } });
    return new ContainerWatch(stream as Readable);
  }

  /** How many containers were made that had, or were to have, that name. */
  madeFor(name: string): number {
    return this.made.get(name) ?? 0;
  }

  end(): void {
    this.stream.destroy();
  }

  private see({ Action, Actor }: ContainerEvent): void {
    const given = Actor.Attributes.name;
    const temporary = parseTemporaryName(given);
    const name = temporary?.name ?? given;
    if (Action === 'create') this.made.set(name, this.madeFor(name) + 1);
    // An update is over once the replacement, or the one that it replaced, is gone.
    if (Action === 'destroy') this.underUpdate.delete(name);
    else if (temporary) this.underUpdate.add(name);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.underUpdate.size);
  }
}
