import type { Look } from '../../src/docker/swarm/convergence.js';
import type { ServiceInspect, ServiceSpec, Task, UpdateState } from '../../src/docker/swarm/swarm-types.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
export const oldDigest = digest('a');
export const newDigest = digest('b');
export const oldImage = `registry.example/web:1@${oldDigest}`;
export const newImage = `registry.example/web:1@${newDigest}`;

let tasks = 0;

/** A task as Docker Engine 20.10 shows it; each has an id of its own. */
export function task({
  image = newImage,
  state = 'running',
  ...given
}: Partial<Task> & { image?: string; state?: string } = {}): Task {
  return {
    ID: `task${++tasks}`,
    Slot: 1,
    Spec: { ContainerSpec: { Image: image } },
    Status: { State: state, Timestamp: '2026-11-26T02:05:17.32433087Z' },
    DesiredState: 'running',
    ...given,
  };
}

export function serviceSpec(image = oldImage, spec: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    Name: 'web',
    Labels: {},
    TaskTemplate: {
      ContainerSpec: { Image: image, Isolation: 'default' },
      Placement: { Platforms: [{ Architecture: 'amd64', OS: 'linux' }] },
      ForceUpdate: 0,
      Runtime: 'container',
    },
    Mode: { Replicated: { Replicas: 1 } },
    EndpointSpec: { Mode: 'vip' },
    ...spec,
  };
}

export function serviceInspect(given: Partial<ServiceInspect> = {}): ServiceInspect {
  return { ID: '48p7p6ziwn1ua4m26hnkoh3fw', Version: { Index: 11 }, Spec: serviceSpec(), ...given };
}

export function look({
  image = newImage,
  replicas = 1,
  state,
  message,
  tasks: seen,
}: {
  image?: string;
  replicas?: number | 'global';
  state?: UpdateState;
  message?: string;
  tasks: Task[];
}): Look {
  const Mode = replicas === 'global' ? { Global: {} } : { Replicated: { Replicas: replicas } };
  return {
    service: {
      Spec: serviceSpec(image, { Mode }),
      ...(state ? { UpdateStatus: { State: state, Message: message } } : {}),
    },
    tasks: seen,
  };
}

/** A specification without what an update to another image changes. */
export function withoutImage({ TaskTemplate, ...spec }: ServiceSpec): object {
  const { ContainerSpec, Placement, ...template } = TaskTemplate;
  return {
    ...spec,
    TaskTemplate: {
      ...template,
      ContainerSpec: { ...ContainerSpec, Image: '' },
      Placement: { ...Placement, Platforms: [] },
    },
  };
}
