import { All, Post } from '@nestjs/common';
import { RequiresCredentials } from '../auth/access.decorators.js';
import { Problem } from '../http/problem.js';
import { invalidContainerName } from './container-name.pipe.js';

/** What is asked for with a POST to the name of a container, and in no other way. */
export abstract class ContainerPostController {
  /** In a word: `notify`. */
  protected abstract readonly asked: string;

  @Post()
  @RequiresCredentials()
  refuseMissingName(): never {
    throw invalidContainerName();
  }

  @All(['', ':container'])
  @RequiresCredentials()
  refuseMethod(): never {
    throw new Problem(405, 'method_not_allowed', `A ${this.asked} is a POST.`, { Allow: 'POST' });
  }
}
