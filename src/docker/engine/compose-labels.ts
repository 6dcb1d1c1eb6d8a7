import type { ContainerInspect } from './engine-types.js';

const prefix = 'com.docker.compose.';

/** The labels that Compose sets (compose pkg/api/labels.go). */
export const composeLabels = {
  prefix,
  configFiles: `${prefix}project.config_files`,
  configHash: `${prefix}config-hash`,
  containerNumber: `${prefix}container-number`,
  dependsOn: `${prefix}depends_on`,
  hook: `${prefix}hook`,
  image: `${prefix}image`,
  oneOff: `${prefix}oneoff`,
  project: `${prefix}project`,
  service: `${prefix}service`,
} as const;

/** Which container of which Compose project it is; undefined if Compose did not make it. */
export interface ComposeMember {
  project: string;
  service: string;
  /** `1`, `2` … of a service with several containers. */
  number: string;
  isOneOff: boolean;
}

/** An entry of `depends_on`. */
export interface ComposeDependency {
  service: string;
  /** `restart: true`: Compose restarts the dependent with it. Compose sets it itself for `network_mode: service:…` and the like. */
  restart: boolean;
}

/** @param labels a container's, or the attributes of an event, which hold them too */
export function composeMemberOf(
  labels: Readonly<Record<string, string>> | null | undefined,
): ComposeMember | undefined {
  const { [composeLabels.project]: project, [composeLabels.service]: service } = labels ?? {};
  const number = labels?.[composeLabels.containerNumber];
  if (!project || !service || !number) return undefined;
  return { project, service, number, isOneOff: labels[composeLabels.oneOff]?.toLowerCase() === 'true' };
}

/**
 * What a container's service depends on. Compose writes `db:service_healthy:true,cache:service_started:false` (compose
 * pkg/api/labels.go, `DependenciesLabel`); its version 1 and early versions 2 wrote only names or left the label out.
 */
export function composeDependencies({ Config }: Pick<ContainerInspect, 'Config'>): ComposeDependency[] {
  const text = Config.Labels?.[composeLabels.dependsOn] ?? '';
  return text
    .split(',')
    .map((entry) => entry.trim().split(':'))
    .flatMap(([service = '', , restart]) => (service === '' ? [] : [{ service, restart: restart === 'true' }]));
}
