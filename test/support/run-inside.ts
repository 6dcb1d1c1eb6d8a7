import { text } from 'node:stream/consumers';
import { docker } from './environment.js';

/** What a busybox command prints inside a running container. @throws Error where it ends with another code than 0 */
export async function runInside(container: string, ...command: string[]): Promise<string> {
  const exec = await docker
    .getContainer(container)
    .exec({ Cmd: ['/bin/busybox', ...command], AttachStdout: true, AttachStderr: true, Tty: true });
  const output = await text(await exec.start({ Tty: true }));
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(' ')} in ${container} ended with ${ExitCode}: ${output}`);
  return output.trim();
}
