// Outlives the run that started it: told on its standard input what the run may leave behind, it removes that when
// the input ends without a word, as it does when the run is killed.
import { createInterface } from 'node:readline';
import { removeLeftovers, type Leftovers } from './leftovers.js';

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

let left: Leftovers | undefined;
for await (const line of createInterface({ input: process.stdin })) left = JSON.parse(line) as Leftovers | undefined;
if (left) await removeLeftovers(left);
process.exit();
