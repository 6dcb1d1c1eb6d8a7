import type { ServiceInspect } from '../engine/swarm-types.js';

/**
 * Whether what the tasks of a service print may be told. The engine tells nobody what a Swarm secret holds, and a config may be a
 * template over secrets; so what a task prints of them cannot be masked. Tasks of the specification before count too: a rollback
 * starts them. Pure.
 * @param wish what the label `log-tail`, or the policy, says
 */
export function mayTellOutput(
  { Spec, PreviousSpec }: Pick<ServiceInspect, 'Spec' | 'PreviousSpec'>,
  wish: boolean | undefined,
): boolean {
  if (wish !== undefined) return wish;
  return [Spec, PreviousSpec].every((spec) => {
    const { Secrets, Configs } = spec?.TaskTemplate.ContainerSpec ?? {};
    return (Secrets ?? []).length === 0 && (Configs ?? []).length === 0;
  });
}
