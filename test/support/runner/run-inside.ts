import type Docker from 'dockerode';
import { text } from 'node:stream/consumers';
import { docker } from './environment.js';

/**
 * What a busybox command prints inside a running container.
 * @param container its name on the engine that all tests use, or a container of another engine
 * @throws Error where it ends with another code than 0
 */
export async function runInside(container: string | Docker.Container, ...command: string[]): Promise<string> {
  const target = typeof container === 'string' ? docker.getContainer(container) : container;
  const exec = await target.exec({
    Cmd: ['/bin/busybox', ...command],
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  const output = await text(await exec.start({ Tty: true }));
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(' ')} in ${target.id} ended with ${ExitCode}: ${output}`);
  return output.trim();
}
