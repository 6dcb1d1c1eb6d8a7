import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../src/config/version.js';

const run = promisify(execFile);

describe('the bundle', () => {
  it('runs from the code that was compiled when it was made', async () => {
    const program = `process.argv[2] = 'version'; process.stdout.write(String(require('./bundle/main.cjs').script.cachedDataRejected))`;
    const { stdout } = await run(process.execPath, ['-e', program]);
    expect(stdout).toBe(`${version}\nfalse`);
  });

  it('runs from its source where the compiled code is of another Node, or not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bundle-'));
    try {
      cpSync('bundle', folder, { recursive: true });
      for (const file of readdirSync(folder)) if (file.endsWith('.cache')) rmSync(join(folder, file));
      expect(await run(process.execPath, [join(folder, 'main.cjs'), 'version'])).toEqual({
        stdout: `${version}\n`,
        stderr: '',
      });
      // With this flag V8 compiles in another way, and refuses what was compiled without it.
      const flag = '--no-lazy-feedback-allocation';
      expect((await run(process.execPath, [flag, 'bundle/main.cjs', 'version'])).stdout).toBe(`${version}\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
