import { describe, expect, it } from '@jest/globals';
import { newDeployment } from '../deployment.js';
import { eventMessageSchema } from './event-message.js';

const deployment = { ...newDeployment('web', 'ci'), status: 'succeeded', warnings: ['forged'] };
const { id } = deployment;

describe('the schema of a message', () => {
  it('takes nothing of a deployment but which one it is', () => {
    const { event } = eventMessageSchema.parse({ origin: 'x', event: { type: 'finished', deployment } });
    expect(event).toEqual({ type: 'finished', deployment: { id, container: 'web' } });
  });

  it('passes over the fields of a newer version', () => {
    const progress = { layersDone: 1, layersTotal: 2, currentBytes: 3, totalBytes: 4, later: 5 };
    const message = { origin: 'x', later: 1, event: { type: 'progress', deploymentId: id, progress, later: 1 } };
    const { later: _, ...known } = progress;
    expect(eventMessageSchema.parse(message).event).toEqual({ type: 'progress', deploymentId: id, progress: known });
  });

  it.each([
    [null],
    ['text'],
    [{}],
    [{ origin: 'x' }],
    [{ origin: 7, event: { type: 'finished', deployment } }],
    [{ origin: 'x', event: null }],
    [{ origin: 'x', event: { type: 'exploded', deployment } }],
    [{ origin: 'x', event: { type: 'finished' } }],
    [{ origin: 'x', event: { type: 'finished', deployment: { id: 'x', container: 'web' } } }],
    [{ origin: 'x', event: { type: 'progress', deploymentId: id, progress: { layersDone: 'all' } } }],
    [{ origin: 'x', event: { type: 'log', deploymentId: id, lines: 'one' } }],
    [{ origin: 'x', event: { type: 'log', deploymentId: id, lines: [{}] } }],
  ])('does not read %j', (message) => {
    expect(eventMessageSchema.safeParse(message).success).toBe(false);
  });
});
