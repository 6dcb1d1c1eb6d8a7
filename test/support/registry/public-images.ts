import type Docker from 'dockerode';
import { Unavailable } from '../runner/packages.js';
import { pullImage } from '../engine/pull-image.js';

/**
 * Makes sure that the engine has an image of Docker Hub.
 * @throws Unavailable that says what to do without Docker Hub
 */
export async function pullPublicImage(docker: Docker, reference: string): Promise<void> {
  try {
    await docker.getImage(reference).inspect();
  } catch {
    console.log(`Pulling ${reference} …`);
    try {
      await pullImage(docker, reference);
    } catch (error) {
      throw new Unavailable(
        `${reference} cannot be pulled (${(error as Error).message}); on Linux, install the packages docker-registry and busybox-static instead`,
        { cause: error },
      );
    }
  }
}
