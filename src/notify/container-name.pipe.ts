import { Injectable, type PipeTransform } from '@nestjs/common';
import * as z from 'zod';
import { Problem } from '../http/problem.js';

/** Docker's own rule for names (moby daemon/names: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`), and a bound that no name in use exceeds. */
const containerName = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/);

@Injectable()
export class ContainerNamePipe implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    const parsed = containerName.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new Problem(
      400,
      'invalid_container_name',
      'Send POST /notify/{container} with the name of a container: 2 to 255 letters, digits, "_", "." or "-", beginning with a letter or digit.',
    );
  }
}
