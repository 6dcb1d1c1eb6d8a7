export function diagram(text: string): string;
