// What the service costs, beside plain Express on the same Node in the same run. Usage: npm run bench:image [-- --runs 9]
// Prints a table for docs/performance.md. Linux alone: memory is read from /proc.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { freePort } from '../test/support/registry.js';

const requests = 10_000;
const connections = 20;
const runs = Number(process.argv[process.argv.indexOf('--runs') + 1]) || 7;

interface Subject {
  name: string;
  file: string;
  path: string;
}
interface Figures {
  startMs: number;
  idleMiB: number;
  loadedMiB: number;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-image-'));
try {
  const subjects: Subject[] = [
    { name: 'trigger-docker-pull, bundled (the image)', file: 'bundle/main.cjs', path: '/health/live' },
    { name: 'trigger-docker-pull, not bundled', file: 'dist/main.js', path: '/health/live' },
    { name: 'plain Express, bundled the same way', file: await bundleExpress(), path: '/' },
  ];
  const measured = new Map<Subject, Figures[]>(subjects.map((subject) => [subject, []]));
  // Taken in turns, so that what the machine does meanwhile meets all of them.
  for (let run = 0; run < runs; run++)
    for (const subject of subjects) measured.get(subject)?.push(await measure(subject));

  console.log(
    `\nNode ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}; median of ${runs} runs.\n`,
  );
  console.log(
    `| | bytes | start to the first 200 | memory, idle | memory after ${requests} requests |\n|---|---|---|---|---|`,
  );
  for (const [{ name, file }, figures] of measured) {
    const of = (key: keyof Figures): number => median(figures.map((figure) => figure[key]));
    const bytes = file.startsWith('dist') ? 'node_modules and dist' : `${(statSync(file).size / 1e6).toFixed(2)} MB`;
    console.log(
      `| ${name} | ${bytes} | ${of('startMs').toFixed(0)} ms | ${of('idleMiB').toFixed(0)} MiB | ${of('loadedMiB').toFixed(0)} MiB |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function bundleExpress(): Promise<string> {
  const source = join(process.cwd(), 'bench', 'express.mjs');
  const outfile = join(folder, 'express.cjs');
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    minifySyntax: true,
    minifyWhitespace: true,
  });
  return outfile;
}

async function measure({ file, path }: Subject): Promise<Figures> {
  const port = await freePort();
  const config = join(folder, 'config.json');
  writeFileSync(config, '{}');
  const begun = performance.now();
  const child = spawn(process.execPath, [file], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      SECRET_KEY: 'x',
      PORT: String(port),
      DOCKER_HOST: `unix://${join(folder, 'no-engine.sock')}`,
      DOCKER_CONFIG_PATH: config,
    },
  });
  try {
    while (!(await answers(port, path))) await setTimeout(2);
    const startMs = performance.now() - begun;
    await setTimeout(1500);
    const idleMiB = residentMiB(child);
    await load(port, path);
    return { startMs, idleMiB, loadedMiB: residentMiB(child) };
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function answers(port: number, path: string, agent?: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    request({ port, path, agent, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', () => {
        resolve(response.statusCode === 200);
      });
    })
      .once('error', () => {
        resolve(false);
      })
      .end();
  });
}

async function load(port: number, path: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let left = requests;
  const client = async (): Promise<void> => {
    while (left-- > 0) if (!(await answers(port, path, agent))) throw new Error('a request failed');
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
}

function residentMiB({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
