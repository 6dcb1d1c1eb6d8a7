import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { EngineUnderTest } from '../runner/environment.js';
import type { Load } from './http-load.js';

const script = fileURLToPath(new URL('http-load.ts', import.meta.url));

/** A steady load on what containers of an engine publish. */
export class HttpLoad {
  private readonly output: Promise<string>;

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    this.output = text(child.stdout);
  }

  /**
   * @param engine the load comes from that engine's host, where published ports are
   * @param atMost so many requests; without it, until `end`
   */
  static start(
    engine: Pick<EngineUnderTest, 'private'>,
    perSecond: number,
    urls: string[],
    atMost = Infinity,
  ): HttpLoad {
    const node = [process.execPath, '--import', 'tsx', script, String(perSecond), String(atMost), ...urls] as const;
    const [program, args] = engine.private?.namespaces?.inNetwork(...node) ?? [node[0], node.slice(1)];
    return new HttpLoad(spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** Asks nothing more, and waits for the last answer. */
  end(): Promise<Load> {
    this.child.stdin.end();
    return this.done();
  }

  async done(): Promise<Load> {
    return JSON.parse(await this.output) as Load;
  }
}
