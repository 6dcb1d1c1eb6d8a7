import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { releaseNotes } from '../scripts/release-notes.mjs';

interface Workflow {
  on: Record<string, unknown>;
  permissions: Record<string, string>;
  jobs: Record<
    string,
    {
      'timeout-minutes'?: number;
      permissions?: Record<string, string>;
      strategy?: { matrix: { node: number[] } };
      steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
    }
  >;
}

const folder = '.github/workflows';
const workflow = (name: string): Workflow => parse(readFileSync(`${folder}/${name}`, 'utf8')) as Workflow;
const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  scripts: Record<string, string>;
};

/** What can be checked of the workflows here: that they hang together. They themselves run on GitHub alone. */
describe('the workflows', () => {
  it('may do nothing by default, and end', () => {
    for (const name of readdirSync(folder)) {
      expect(workflow(name).permissions).toEqual({ contents: 'read' });
      for (const job of Object.values(workflow(name).jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });

  it('run actions of one commit each, with the version beside it', () => {
    const lines = readdirSync(folder).flatMap((name) => readFileSync(`${folder}/${name}`, 'utf8').split('\n'));
    const uses = lines.filter((line) => line.includes('uses:'));
    expect(uses.length).toBeGreaterThan(5);
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('give each job what it writes with, and no other', () => {
    const jobs = Object.entries(workflow('release.yaml').jobs).map(([name, { permissions = {} }]) => {
      const writes = Object.entries(permissions).flatMap(([scope, level]) => (level === 'write' ? [scope] : []));
      return [name, writes];
    });
    expect(Object.fromEntries(jobs)).toEqual({
      image: ['packages'],
      // One power: GitHub signs an attestation for a job that has both.
      provenance: ['id-token', 'attestations'],
      release: ['contents'],
    });
  });

  it('run scripts that there are', () => {
    const runs = readdirSync(folder).flatMap((name) =>
      Object.values(workflow(name).jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
    );
    const scripts = runs.flatMap((run) => [...run.matchAll(/npm (?:run )?(test|lint|\w+)/g)].map(([, name]) => name));
    expect(scripts.length).toBeGreaterThan(1);
    for (const name of scripts) expect(Object.keys(packageJson.scripts)).toContain(name);
    for (const [, file = ''] of runs.join('\n').matchAll(/node (scripts\/\S+)/g)) expect(existsSync(file)).toBe(true);
  });

  it('test on every Node that is supported', () => {
    expect(workflow('test.yaml').jobs.test?.strategy?.matrix.node).toEqual([22, 24, 26]);
  });

  it('release an image for both architectures, with provenance and SBOM, by a tag', () => {
    const release = workflow('release.yaml');
    expect(release.on).toEqual({ push: { tags: ['v*.*.*'] } });
    const build = release.jobs.image?.steps.find(({ uses }) => uses?.startsWith('docker/build-push-action'));
    expect(build?.with).toMatchObject({ platforms: 'linux/amd64,linux/arm64', provenance: 'mode=max', sbom: true });
    const built = String(build?.with?.['build-args']).matchAll(/^(\w+)=/gm);
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    for (const [, name = ''] of built) expect(dockerfile).toContain(`ARG ${name}=`);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync('Dockerfile', 'utf8');

  it('names its base by a tag for people and a digest for machines', () => {
    expect(dockerfile).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-\w+-slim@sha256:[0-9a-f]{64}$/m);
  });

  it('installs what package-lock.json says, and runs no script of a package', () => {
    expect(dockerfile.match(/npm \w+.*/g)).toEqual(['npm ci --no-audit --no-fund --ignore-scripts']);
  });
});

describe('releaseNotes', () => {
  const changelog =
    '# Changelog\n\n## Unreleased\n\n- soon\n\n## [1.1.0] - 2026-01-02\n\n### Added\n\n- this\n\n## 1.0.0\n\n- that\n';

  it("is a version's part of the changelog", () => {
    expect(releaseNotes(changelog, '1.1.0')).toBe('### Added\n\n- this');
    expect(releaseNotes(changelog, '1.0.0')).toBe('- that');
  });

  it('is an error where there is none, so that no release is made without', () => {
    expect(() => releaseNotes(changelog, '2.0.0')).toThrow('2.0.0');
  });
});
