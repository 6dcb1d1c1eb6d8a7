import { Controller, Get } from '@nestjs/common';
import { Public } from '../auth/access.decorators.js';

/** The description of the HTTP interface. For everybody: it says nothing but what README.md says. */
@Controller('openapi.json')
export class OpenApiController {
  private document: Promise<object> | undefined;

  @Get()
  @Public()
  show(): Promise<object> {
    this.document ??= import('./openapi-document.js').then(({ openApiDocument }) => openApiDocument());
    return this.document;
  }
}
