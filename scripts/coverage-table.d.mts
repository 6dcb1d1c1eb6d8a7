interface Counts {
  covered: number;
  total: number;
}

export function coverageTable(summary: Record<string, { lines: Counts; branches: Counts }>, root: string): string;
