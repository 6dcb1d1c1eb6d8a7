import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import type * as z from 'zod';
import { callerOf, type AuthenticatedRequest, type Caller } from '../auth/caller.js';
import { containerName } from '../deployments/container-name.js';
import { refuseLongBody } from '../http/body-limit.js';
import { Problem } from '../http/problem.js';
import { QueryPipe } from '../http/query.pipe.js';

/** Who asks for what in a POST to the name of a container. */
export interface ContainerPost<Schema extends z.ZodObject> {
  container: string;
  query: z.output<Schema>;
  caller: Caller;
  request: Request;
  response: Response;
}

/**
 * All that a POST to the name of a container says, as one parameter: Nest makes two promises for each, and this is what CI's load meets.
 * @throws Problem 400 `invalid_container_name`, `invalid_query`; 413 `body_too_large`
 */
export function Posted(schema: z.ZodObject): ParameterDecorator {
  const query = new QueryPipe(schema);
  return createParamDecorator((_: unknown, context: ExecutionContext): ContainerPost<z.ZodObject> => {
    const http = context.switchToHttp();
    const request = http.getRequest<AuthenticatedRequest>();
    refuseLongBody(request);
    return {
      container: nameIn(request.params.container),
      query: query.transform(request.query),
      caller: callerOf(request),
      request,
      response: http.getResponse<Response>(),
    };
  })();
}

/** @throws Problem 400 `invalid_container_name` */
export function nameIn(pathSegment: unknown): string {
  const parsed = containerName.safeParse(pathSegment);
  if (parsed.success) return parsed.data;
  throw new Problem(
    400,
    'invalid_container_name',
    'The path has to end with the name of a container: 2 to 255 letters, digits, "_", "." or "-", beginning with a letter or digit.',
  );
}
