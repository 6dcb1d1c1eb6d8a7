import type { ContainerInspect } from '../../src/docker/engine-types.js';

type Overrides = Partial<Omit<ContainerInspect, 'State' | 'Config' | 'HostConfig'>> & {
  State?: Partial<ContainerInspect['State']>;
  Config?: Partial<ContainerInspect['Config']>;
  HostConfig?: ContainerInspect['HostConfig'];
};

/** An inspected container that runs, with what a test cares about laid over it. */
export function containerInspect(overrides: Overrides = {}): ContainerInspect {
  return {
    Id: 'a'.repeat(64),
    Name: '/web',
    Created: '2026-01-01T00:00:00.5Z',
    Image: `sha256:${'1'.repeat(64)}`,
    RestartCount: 0,
    Mounts: [],
    NetworkSettings: { Networks: {} },
    ...overrides,
    State: {
      Status: 'running',
      Running: true,
      Paused: false,
      Restarting: false,
      Dead: false,
      ExitCode: 0,
      StartedAt: '2026-01-01T00:00:01Z',
      FinishedAt: '0001-01-01T00:00:00Z',
      ...overrides.State,
    },
    Config: { Image: 'registry.example/web:1', ...overrides.Config },
    HostConfig: { RestartPolicy: { Name: 'no' }, ...overrides.HostConfig },
  };
}
