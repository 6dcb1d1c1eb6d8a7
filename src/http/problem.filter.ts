import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { printableJson } from '../common/printable.js';
import { shortened } from './request-limits.js';
import { Problem } from './problem.js';

/** Turns whatever a request throws into a problem detail. What nobody expected is logged here, once, and told to nobody. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<Response>();
    if (response.headersSent) {
      response.destroy();
      return;
    }
    // Health reports are documents of their own, also where they are bad news.
    if (error instanceof HttpException && isHealthReport(error.getResponse())) {
      response.status(error.getStatus()).json(error.getResponse());
      return;
    }
    const problem = this.toProblem(error, host.switchToHttp().getRequest<Request>());
    response
      .status(problem.getStatus())
      .set(problem.headers)
      .type('application/problem+json')
      .send(printableJson(problem.toBody()));
  }

  private toProblem(error: unknown, request: Request): Problem {
    if (error instanceof Problem) return error;
    if (error instanceof HttpException && error.getStatus() === 404)
      return new Problem(404, 'not_found', `There is nothing at ${request.method} ${shortened(request.path)}`);
    if (error instanceof HttpException && error.getStatus() < 500)
      return new Problem(error.getStatus(), 'bad_request', error.message);
    this.logger.error(
      `${request.method} ${shortened(request.path)} failed unexpectedly`,
      error instanceof Error ? error.stack : String(error),
    );
    return new Problem(500, 'internal_error', 'The service failed to answer; its log says why.');
  }
}

function isHealthReport(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'status' in body && 'details' in body;
}
