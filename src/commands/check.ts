import { commandConfiguration } from '../config/command.js';
import { printableDeep, printableLines } from '../common/printable.js';
import { ContainerRules } from '../docker/rules/container-rules.js';
import { Derivation } from '../docker/prepare/derivation.js';
import { isEngineAway } from '../docker/engine/engine-error.js';
import { Engine } from '../docker/engine/engine.js';
import { Inspection } from '../docker/inspect/inspection.js';
import type { UpdatePlan } from '../docker/plan/plan.js';
import { planTable } from '../docker/plan/plan-table.js';
import { Planner } from '../docker/plan/planner.js';
import { Startability } from '../docker/prepare/startability.js';
import { Surroundings } from '../docker/instance/surroundings.js';
import { ServiceInspection } from '../docker/swarm/service-inspection.js';
import { SwarmManager } from '../docker/swarm/swarm-manager.js';
import { TargetResolver } from '../docker/inspect/target-resolver.js';

/**
 * The command `check`: prints what would become of an update, as a table of all containers of the engine, or as the whole
 * plan, in JSON, of each that is named. It touches nothing, and may run beside a service at work.
 * @returns the exit code: 1 where one of the containers would be refused, 2 where the engine is away
 * @throws InvalidSettings
 */
export async function check(names: readonly string[]): Promise<number> {
  const { settings, policy } = await commandConfiguration();
  const engine = new Engine(settings);
  const rules = new ContainerRules(policy, settings);
  const surroundings = new Surroundings(engine, settings);
  const services = new ServiceInspection(engine, new SwarmManager(engine), rules, surroundings, settings);
  const inspection = new Inspection(engine, rules, surroundings, settings);
  const planner = new Planner(
    engine,
    inspection,
    new Startability(engine, inspection),
    new Derivation(engine, rules),
    new TargetResolver(engine, services),
    services,
    settings,
  );
  try {
    if (names.length === 0) {
      const all = await planner.planAll();
      process.stdout.write(printableLines(planTable(all)));
      return exitCodeOf(all);
    }
    const plans = await Promise.all(names.map((name) => planner.plan(name, () => true)));
    process.stdout.write(`${JSON.stringify(printableDeep(plans), null, 2)}\n`);
    return exitCodeOf(plans);
  } catch (error) {
    if (!isEngineAway(error)) throw error;
    const { socketPath, host, port } = settings.engine;
    const address = socketPath ?? `${String(host)}:${String(port)}`;
    process.stderr.write(`${(error as Error).message}; see that an engine is at ${address}, or set DOCKER_HOST\n`);
    return 2;
  }
}

function exitCodeOf(plans: readonly UpdatePlan[]): number {
  return plans.every(({ eligible }) => eligible) ? 0 : 1;
}
