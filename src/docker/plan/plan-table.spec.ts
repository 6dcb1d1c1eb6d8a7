import { expect, it } from '@jest/globals';
import type { ContainerPlan } from './plan.js';
import { planTable } from './plan-table.js';

const eligible: ContainerPlan = {
  container: 'web',
  image: 'registry.example/web:1',
  eligible: true,
  order: 'stop-first',
  onFailure: 'rollback',
  proof: { mode: 'running', settleMs: 5000, timeoutMs: 65_000, unhealthyAfterMs: 20_000, restarts: 0 },
  startFirst: { possible: false, reason: 'it has devices' },
  dependents: ['sidecar'],
  values: { user: ['Cmd', 'Env.A', 'Env.B'], image: [] },
  warnings: [],
};

it('is one aligned line for each container, with the reasons as footnotes, each told once', () => {
  const refused = (container: string): ContainerPlan => ({
    container,
    eligible: false,
    refusal: { code: 'refused', stage: 'inspect', message: 'it is paused' },
  });
  expect(planTable([eligible, refused('a'), refused('a-longer-name')])).toBe(
    [
      "CONTAINER      IMAGE                   UPDATE       PROOF     START-FIRST  DEPENDENTS  SET BY YOU  THE IMAGE'S",
      'web            registry.example/web:1  stop-first   runs 5 s  no (1)       sidecar     Cmd, 2 Env  -',
      'a              -                       refused (2)  -         -            -           -           -',
      'a-longer-name  -                       refused (2)  -         -            -           -           -',
      '',
      '(1) it has devices',
      '(2) it is paused',
      '3 containers: 1 may be updated, 2 would be refused. Nothing was touched.',
      '',
    ].join('\n'),
  );
});

it('has its head where there are no containers', () => {
  expect(planTable([])).toMatch(/^CONTAINER .*\n\n0 containers: 0 may be updated, 0 would be refused\./);
});
