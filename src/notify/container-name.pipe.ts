import { Injectable, type PipeTransform } from '@nestjs/common';
import { containerName } from '../deployments/container-name.js';
import { Problem } from '../http/problem.js';

@Injectable()
export class ContainerNamePipe implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    const parsed = containerName.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new Problem(
      400,
      'invalid_container_name',
      'The path has to end with the name of a container: 2 to 255 letters, digits, "_", "." or "-", beginning with a letter or digit.',
    );
  }
}
