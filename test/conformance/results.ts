import { it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { format } from 'prettier';

/** `as it was`, `differs`, or `skipped: ` and why. */
type Verdict = string;

/** What came of each case on each engine, for docs/conformance.md. */
export class Results {
  private readonly sections = new Map<string, Map<string, Map<string, Verdict>>>();
  private readonly clients = new Set<string>();
  private failure: Error | undefined;

  /** Runs what all tests need. Where it fails, one test says so in full, and the others in a word. */
  async prepare(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.failure = error as Error;
    }
  }

  testPreparation(): void {
    it('is prepared', () => {
      if (this.failure !== undefined) throw this.failure;
    });
  }

  /** Registers a test, and what came of it; one that cannot be had here counts as skipped, and the table says why. */
  test(
    place: { section: string; title: string; engine: string },
    unavailable: string | undefined,
    body: () => Promise<void>,
  ): void {
    const cases = this.sections.get(place.section) ?? new Map<string, Map<string, Verdict>>();
    this.sections.set(place.section, cases);
    const verdicts = cases.get(place.title) ?? new Map<string, Verdict>();
    cases.set(place.title, verdicts);
    if (unavailable !== undefined) {
      verdicts.set(place.engine, `skipped: ${unavailable}`);
      it.skip(`${place.section}: ${place.title}`, () => undefined);
      return;
    }
    it(`${place.section}: ${place.title}`, async () => {
      verdicts.set(place.engine, 'differs');
      if (this.failure !== undefined) throw Object.assign(new Error('see: is prepared'), { stack: '' });
      await body();
      verdicts.set(place.engine, 'as it was');
    });
  }

  madeWith(client: string): void {
    this.clients.add(client);
  }

  async publish(path: string, engineTitles: string[]): Promise<void> {
    const all = [...this.sections.values()]
      .flatMap((cases) => [...cases.values()])
      .flatMap((verdicts) => [...verdicts.values()]);
    const count = (is: (verdict: Verdict) => boolean): number => all.filter(is).length;
    const lines = [
      '# Conformance',
      '',
      'Written by `npm run test:conformance`; do not edit. Each row is a container that was made with the real client, then updated',
      'through the service to an image in which every default is another one, and compared with a twin that the same command of the',
      'same client makes of the new image; where a field has an effect, that was looked at too.',
      '',
      `${new Date().toISOString().slice(0, 10)}, ${engineTitles.join(', ')}, ${[...this.clients].join(', ')}, Node ${process.version},`,
      `${cpus().length} cores, ${Math.round(totalmem() / 1024 ** 3)} GiB.`,
      '',
      `${count((verdict) => verdict === 'as it was')} as it was, ${count((verdict) => verdict === 'differs')} different, ${count((verdict) => verdict.startsWith('skipped'))} skipped.`,
    ];
    for (const [section, cases] of this.sections) {
      lines.push(
        '',
        `## ${section}`,
        '',
        `| case | ${engineTitles.join(' | ')} |`,
        `|---|${engineTitles.map(() => '---|').join('')}`,
      );
      for (const [title, verdicts] of cases) {
        const row = [
          `\`${title}\``,
          ...engineTitles.map((engine) => verdicts.get(engine) ?? 'skipped: no such engine'),
        ];
        lines.push(`| ${row.join(' | ')} |`);
      }
    }
    writeFileSync(path, await format(`${lines.join('\n')}\n`, { parser: 'markdown', printWidth: 120 }));
  }
}
