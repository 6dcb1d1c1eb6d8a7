interface Mutant {
  file: string;
  line: number;
  status: string;
}

interface Score {
  killed: number;
  survived: number;
  uncovered: number;
  score: number;
}

export function scoreOf(mutants: readonly Pick<Mutant, 'status'>[]): Score;
export function mutationPage(results: Record<string, { day: string; mutants: Mutant[] }>, leastScore: number): string;
