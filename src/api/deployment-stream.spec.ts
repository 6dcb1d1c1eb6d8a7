import { describe, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { enterStage, finish, newDeployment, start, type Deployment } from '../deployments/deployment.js';
import { DeploymentStream } from './deployment-stream.js';

function build(record: Deployment) {
  const sent: [string, unknown][] = [];
  const state = { record, hasEnded: false };
  const stream = new DeploymentStream(
    record.id,
    {
      send: (event, data) => sent.push([event, data]),
      end: () => (state.hasEnded = true),
    },
    () => Promise.resolve(state.record),
  );
  stream.begin(record);
  return { stream, sent, state };
}

const { id, container } = newDeployment('web', 'ci');
const queued = { ...newDeployment('web', 'ci'), id };
const hint = { id, container };

describe('DeploymentStream', () => {
  it('does not end because a message says so, when the record does not', async () => {
    const { stream, sent, state } = build(queued);
    stream.tell({ type: 'finished', deployment: hint, relayed: true });
    await setTimeout(20);
    expect([state.hasEnded, sent]).toEqual([false, [['snapshot', queued]]]);
  });

  it('tells what the record says when a message comes, whatever that says', async () => {
    const { stream, sent, state } = build(queued);
    const running = start(queued);
    state.record = running;
    stream.tell({ type: 'started', deployment: hint, relayed: true });
    await setTimeout(5);
    state.record = enterStage(enterStage(running, 'inspect'), 'pull');
    stream.tell({ type: 'stage', deployment: hint, relayed: true });
    await setTimeout(5);
    const ended = finish(state.record, { status: 'succeeded', result: 'updated' });
    state.record = ended;
    stream.tell({ type: 'stage', deployment: hint, relayed: true });
    await setTimeout(5);
    expect(sent).toMatchObject([
      ['snapshot', { status: 'queued' }],
      ['snapshot', { status: 'running' }],
      ['stage', { stage: 'inspect' }],
      ['stage', { stage: 'pull' }],
      ['done', { status: 'succeeded' }],
    ]);
    expect(state.hasEnded).toBe(true);
  });

  it('tells what happens in this process as it comes', () => {
    const { stream, sent } = build(queued);
    const running = start(queued);
    const pulling = enterStage(running, 'pull');
    stream.tell({ type: 'started', deployment: running });
    stream.tell({ type: 'stage', deployment: pulling });
    stream.tell({ type: 'log', deploymentId: id, lines: ['x'] });
    stream.tell({ type: 'log', deploymentId: 'another', lines: ['y'] });
    stream.tell({
      type: 'finished',
      deployment: finish(pulling, { status: 'succeeded', result: 'updated' }),
      hasRun: true,
    });
    expect(sent.map(([event]) => event)).toEqual(['snapshot', 'snapshot', 'stage', 'log', 'done']);
  });
});
