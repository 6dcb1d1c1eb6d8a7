import { Controller, Get } from '@nestjs/common';
import { Public } from '../auth/access.decorators.js';

/** The description of the HTTP interface. For everybody: it says nothing but what README.md says. */
@Controller('openapi.json')
export class OpenApiController {
  private document: object | undefined;

  @Get()
  @Public()
  async show(): Promise<object> {
    // Made when somebody asks for it, for most never do.
    return (this.document ??= (await import('./openapi-document.js')).openApiDocument());
  }
}
