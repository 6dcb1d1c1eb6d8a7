import { describe, expect, it } from '@jest/globals';
import {
  enterStage,
  finish,
  newDeployment,
  start,
  type Deployment,
  type DeploymentEnd,
} from '../deployments/deployment.js';
import { isNews, messageBody } from './message.js';

function ended(end: DeploymentEnd): Deployment {
  return finish(enterStage(start(newDeployment('web', 'ci')), 'swap'), end);
}

const updated = ended({ status: 'succeeded', result: 'updated', image: 'ghcr.io/me/web:latest', downtimeMs: 412 });
const upToDate = ended({ status: 'succeeded', result: 'up_to_date' });
const rolledBack = ended({
  status: 'rolled_back',
  error: { code: 'exited', stage: 'prove', message: 'it <b>exited</b> & @everyone knows', logTail: ['PASSWORD=x'] },
});
const lost = ended({ status: 'failed', error: { code: 'rollback_failed', message: 'no' } });
const dropped = ended({ status: 'dropped', error: { code: 'stopping', message: 'the service was stopped' } });

describe('isNews', () => {
  it('is every end but an image that was up to date', () => {
    expect([updated, upToDate, rolledBack, lost, dropped].map((one) => isNews(one, 'all'))).toEqual([
      ...[true, false, true, true, true],
    ]);
  });

  it('is failures alone where that is wanted', () => {
    expect([updated, upToDate, rolledBack, lost, dropped].map((one) => isNews(one, 'failures'))).toEqual([
      ...[false, false, true, true, true],
    ]);
  });

  it('is nothing that newer requests superseded before it began', () => {
    const end: DeploymentEnd = { status: 'failed', error: { code: 'superseded', message: 'newer ones' } };
    expect(isNews(finish(newDeployment('web', 'ci'), end), 'all')).toBe(false);
    expect(isNews(ended(end), 'all')).toBe(true);
  });

  it('is nothing that has not ended', () => {
    expect(isNews(newDeployment('web', 'ci'), 'all')).toBe(false);
  });
});

describe('messageBody', () => {
  it('says for a chat in one sentence what happened, to which container and how long it was down', () => {
    expect(messageBody('slack', updated)).toEqual({
      text: '✅ web was updated to ghcr.io/me/web:latest, 0.4 s without service',
    });
    expect(messageBody('discord', lost).content).toMatch(/^🚨 web may be down/);
  });

  it("escapes what Slack takes for markup, and mentions nobody on Discord, whatever an engine's message holds", () => {
    expect(messageBody('slack', rolledBack).text).toContain('it &lt;b&gt;exited&lt;/b&gt; &amp; @everyone');
    expect(messageBody('discord', rolledBack)).toMatchObject({ allowed_mentions: { parse: [] } });
  });

  it('gives programs the record, but no log lines of the container', () => {
    expect(messageBody('json', rolledBack)).toMatchObject({
      event: 'deployment.finished',
      deployment: {
        id: rolledBack.id,
        container: 'web',
        status: 'rolled_back',
        error: { code: 'exited', stage: 'prove' },
      },
    });
    for (const format of ['json', 'slack', 'discord'] as const)
      expect(JSON.stringify(messageBody(format, rolledBack))).not.toContain('PASSWORD');
  });

  it('stays within what Discord takes', () => {
    const long = ended({ status: 'failed', error: { code: 'create_failed', message: 'x'.repeat(5000) } });
    expect(String(messageBody('discord', long).content).length).toBeLessThan(2000);
  });
});
