import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { enterStage, finish, newDeployment, postpone, start } from '../deployment.js';
import { storedDeploymentSchema, type StoredDeployment } from './stored-deployment.js';

const digest = `sha256:${'a'.repeat(64)}`;
const notBefore = new Date().toISOString();

function stored(more: Partial<StoredDeployment> = {}): StoredDeployment {
  return {
    deployment: newDeployment('web', 'ci', { expectedDigest: digest, retry: true, startStopped: false }),
    permissions: [['web', 'side*']],
    ...more,
  };
}

/** As it comes back from Redis. */
function read(value: unknown): { success: boolean; data?: unknown } {
  return storedDeploymentSchema.safeParse(JSON.parse(JSON.stringify(value)));
}

describe('the schema of a stored deployment', () => {
  const { deployment } = stored();
  const running = enterStage(start(deployment), 'pull');
  const error = { code: 'unhealthy', stage: 'prove', message: 'x', exitCode: 1, logTail: ['line'] };
  const part = { host: 'a', deploymentId: randomUUID(), status: 'queued' as const };

  it.each<[string, StoredDeployment]>([
    ['waits', stored()],
    ['is taken', stored({ taken: true, host: 'a', askedBy: ['token ci'] })],
    ['runs', stored({ deployment: running })],
    ['waits again', stored({ deployment: postpone(running, { stage: 'pull', code: 'x', message: 'y', notBefore }) })],
    [
      'failed',
      stored({ deployment: finish(running, { status: 'rolled_back', error, warnings: ['w'], downtimeMs: 1.5 }) }),
    ],
    [
      'is for several hosts',
      stored({ deployment: { ...deployment, hosts: [part] }, rollout: { parallel: 1, stopAtFailure: true } }),
    ],
  ])('reads one that %s as it was written', (_, value) => {
    expect(read(value)).toMatchObject({ success: true, data: JSON.parse(JSON.stringify(value)) as object });
  });

  it('keeps the fields that a newer version has added', () => {
    const value = { ...stored(), later: { of: 'a newer version' }, deployment: { ...deployment, later: [1, 2] } };
    expect(read(value).data).toEqual(JSON.parse(JSON.stringify(value)));
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['no deployment', { permissions: [] }],
    ['no permissions: nobody may have anything updated', { deployment }],
    ['permissions of another shape', { ...stored(), permissions: ['web'] }],
    ['a status of a newer version', { ...stored(), deployment: { ...deployment, status: 'paused' } }],
    [
      'a failure without a reason',
      { ...stored(), deployment: { ...running, status: 'failed', finishedAt: notBefore } },
    ],
    [
      'a success without a result',
      { ...stored(), deployment: { ...running, status: 'succeeded', finishedAt: notBefore } },
    ],
    ['a kind of a newer version', stored({ deployment: { ...deployment, kind: 'restart' as 'notify' } })],
    ['no id', stored({ deployment: { ...deployment, id: '../containers' } })],
    ['no name of a container', stored({ deployment: { ...deployment, container: '../etc?x=' } })],
    ['no digest', stored({ deployment: { ...deployment, expectedDigest: 'latest' } })],
    ['no time', stored({ deployment: { ...deployment, queuedAt: 'yesterday' } })],
    ['stages that are none', stored({ deployment: { ...deployment, stages: {} as [] } })],
    ['a host that cannot be one', stored({ host: 'a:b' })],
    ['a rollout that begins nothing', stored({ rollout: { parallel: 0, stopAtFailure: true } })],
    ['a rollout without hosts', stored({ rollout: { parallel: 1, stopAtFailure: true } })],
  ])('does not read %s', (_, value) => {
    expect(read(value).success).toBe(false);
  });
});
