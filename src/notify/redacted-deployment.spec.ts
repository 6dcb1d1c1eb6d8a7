import { expect, it } from '@jest/globals';
import { finish, newDeployment, start, type Deployment } from '../deployments/deployment.js';
import { redacted } from './redacted-deployment.js';

it('is how it ended, why and with which image, without what others said or asked', () => {
  const queued: Deployment = {
    ...newDeployment('web', 'ci', { expectedDigest: 'sha256:1' }),
    requestId: 'pipeline-1',
    coalescedFrom: ['acme/shop#42'],
  };
  const deployment = finish(start(queued), {
    status: 'rolled_back',
    digest: 'sha256:1',
    warnings: ['HostConfig.X differs'],
    dependents: [{ name: 'sidecar', fromContainerId: 'a', containerId: 'b' }],
    error: { code: 'exited', stage: 'prove', message: 'it exited', exitCode: 3, logTail: ['last words'] },
  });
  expect(redacted(deployment)).toEqual({
    id: deployment.id,
    container: 'web',
    kind: 'notify',
    status: 'rolled_back',
    queuedAt: deployment.queuedAt,
    startedAt: deployment.startedAt,
    finishedAt: deployment.finishedAt,
    expectedDigest: 'sha256:1',
    attempts: 1,
    coalesced: 0,
    stages: [],
    digest: 'sha256:1',
    error: { code: 'exited', stage: 'prove', message: 'it exited' },
  });
});
