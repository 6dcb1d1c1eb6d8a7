import { commandConfiguration } from './config/command.js';
import { ContainerRules } from './docker/container-rules.js';
import { Derivation } from './docker/derivation.js';
import { isEngineAway } from './docker/engine-error.js';
import { Engine } from './docker/engine.js';
import { Inspection } from './docker/inspection.js';
import { planTable } from './docker/plan-table.js';
import { Planner } from './docker/planner.js';
import { Surroundings } from './docker/surroundings.js';

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
  const inspection = new Inspection(engine, rules, new Surroundings(settings), settings);
  const planner = new Planner(engine, inspection, new Derivation(engine, rules), settings);
  try {
    const plans =
      names.length === 0
        ? await planner.planAll()
        : await Promise.all(names.map((name) => planner.plan(name, () => true)));
    process.stdout.write(names.length === 0 ? planTable(plans) : `${JSON.stringify(plans, null, 2)}\n`);
    return plans.every(({ eligible }) => eligible) ? 0 : 1;
  } catch (error) {
    if (!isEngineAway(error)) throw error;
    const { socketPath, host, port } = settings.engine;
    const address = socketPath ?? `${String(host)}:${String(port)}`;
    process.stderr.write(`${(error as Error).message}; see that an engine is at ${address}, or set DOCKER_HOST\n`);
    return 2;
  }
}
