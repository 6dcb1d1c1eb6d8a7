import type { PipeTransform } from '@nestjs/common';
import { containerName } from '../deployments/container-name.js';
import { Problem } from '../http/problem.js';

/** Checks the name of a container in a path. */
export class ContainerNamePipe implements PipeTransform<unknown, string> {
  /** @throws Problem 400 `invalid_container_name` */
  transform(pathSegment: unknown): string {
    const parsed = containerName.safeParse(pathSegment);
    if (parsed.success) return parsed.data;
    throw invalidContainerName();
  }
}

export function invalidContainerName(): Problem {
  return new Problem(
    400,
    'invalid_container_name',
    'The path has to end with the name of a container: 2 to 255 letters, digits, "_", "." or "-", beginning with a letter or digit.',
  );
}
