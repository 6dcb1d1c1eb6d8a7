import { SetMetadata, type CustomDecorator } from '@nestjs/common';
import type { Action } from '../config/policy/policy.schema.js';

/** What a route asks of its caller: one of these actions, or none. */
export type Access = readonly Action[] | 'public' | 'anyone';

export const accessKey = 'access';

/** Anybody may call the route, without credentials. */
export const Public = (): CustomDecorator => SetMetadata(accessKey, 'public' satisfies Access);

/**
 * The caller must have been granted one of these actions, and, where the route has a `:container`, for that container. A route that says
 * nothing is for the holder of SECRET_KEY alone.
 */
export const Requires = (...actions: [Action, ...Action[]]): CustomDecorator =>
  SetMetadata(accessKey, actions satisfies Access);

/** The caller must have a valid credential, whatever it was granted: for answers that tell nothing, such as 405. */
export const RequiresCredentials = (): CustomDecorator => SetMetadata(accessKey, 'anyone' satisfies Access);
