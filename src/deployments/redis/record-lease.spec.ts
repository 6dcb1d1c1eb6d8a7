import { describe, expect, it } from '@jest/globals';
import { enterStage, finish, newDeployment, postpone, start, type DeploymentEnd } from '../deployment.js';
import { RecordLease } from './record-lease.js';
import type { StoredDeployment } from './stored-deployment.js';

const succeeded: DeploymentEnd = { status: 'succeeded', result: 'updated' };

/** A Redis that holds one record, and answers when it is let. */
class Stored {
  readonly writes: StoredDeployment[] = [];
  text: string;
  private answers: Promise<unknown> = Promise.resolve();

  constructor(public present: StoredDeployment) {
    this.text = JSON.stringify(present);
  }

  hold(): () => void {
    let go = (): void => undefined;
    this.answers = new Promise<void>((resolve) => (go = resolve));
    return () => {
      go();
    };
  }

  readonly replace = async (before: string, after: StoredDeployment): Promise<boolean> => {
    await this.answers;
    if (before !== this.text) return false;
    this.text = JSON.stringify(after);
    this.present = after;
    this.writes.push(after);
    return true;
  };
}

function leased(): { stored: Stored; lease: RecordLease } {
  const taken: StoredDeployment = { deployment: newDeployment('web', 'ci'), permissions: [['web']], taken: true };
  const stored = new Stored(taken);
  return { stored, lease: new RecordLease(taken, stored.replace) };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('RecordLease', () => {
  it('begins a deployment once that is written, and nobody is about to begin it any more', async () => {
    const { stored, lease } = leased();
    const go = stored.hold();
    let isBegun = false;
    const begun = lease.update(start).then(() => {
      isBegun = true;
    });
    await tick();
    expect(isBegun).toBe(false);
    go();
    await begun;
    expect(stored.present.taken).toBeUndefined();
    expect(stored.present).toMatchObject({ deployment: { status: 'running', attempts: 1 }, permissions: [['web']] });
  });

  it('writes stages behind, in their order, and the end after them', async () => {
    const { stored, lease } = leased();
    await lease.update(start);
    const go = stored.hold();
    for (const stage of ['pull', 'swap']) await lease.update((present) => enterStage(present, stage));
    expect(stored.writes).toHaveLength(1);
    const ended = lease.update((present) => finish(present, succeeded));
    go();
    expect((await ended).stages.map(({ stage }) => stage)).toEqual(['pull', 'swap']);
    expect(stored.writes.map(({ deployment }) => [deployment.status, deployment.stages.length])).toEqual([
      ['running', 0],
      ['running', 1],
      ['running', 2],
      ['succeeded', 2],
    ]);
    expect(lease.isOver).toBe(true);
  });

  it('is over when the deployment waits again', async () => {
    const { lease } = leased();
    await lease.update(start);
    const retry = { stage: 'pull', code: 'x', message: 'y', notBefore: new Date().toISOString() };
    await lease.update((present) => postpone(present, retry));
    expect(lease.isOver).toBe(true);
  });

  it('keeps the record as it was when a change of its status is not written', async () => {
    const taken: StoredDeployment = { deployment: newDeployment('web', 'ci'), permissions: [] };
    const answers = [true, new Error('no room'), true];
    const lease = new RecordLease(taken, () => {
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? false);
    });
    await lease.update(start);
    const retry = { stage: 'pull', code: 'x', message: 'y', notBefore: new Date().toISOString() };
    await expect(lease.update((present) => postpone(present, retry))).rejects.toThrow('no room');
    expect(lease.isOver).toBe(false);
    expect(await lease.update((present) => finish(present, succeeded))).toMatchObject({ status: 'succeeded' });
  });

  it('writes nothing over what another process has written', async () => {
    const { stored, lease } = leased();
    await lease.update(start);
    stored.text = 'of another process';
    await lease.update((present) => enterStage(present, 'pull'));
    await expect(lease.update((present) => finish(present, succeeded))).rejects.toThrow('another process changed');
    expect(stored.text).toBe('of another process');
  });

  it('tells of a change after it is written, and before the next one', async () => {
    const { stored, lease } = leased();
    await lease.update(start);
    const go = stored.hold();
    const seen: number[] = [];
    const told = (stage: string): Promise<void> => {
      void lease.update((present) => enterStage(present, stage));
      return lease.onceWritten(() => {
        seen.push(stored.present.deployment.stages.length);
        return Promise.resolve();
      });
    };
    const all = Promise.all([told('pull'), told('swap')]);
    await tick();
    expect(seen).toEqual([]);
    go();
    await all;
    expect(seen).toEqual([1, 2]);
  });

  it('goes on writing when a listener could not be told', async () => {
    const { stored, lease } = leased();
    await lease.update(start);
    await expect(lease.onceWritten(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
    await lease.update((present) => finish(present, succeeded));
    expect(stored.present.deployment.status).toBe('succeeded');
  });
});
