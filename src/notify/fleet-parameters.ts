import * as z from 'zod';
import { hostNamePattern } from '../common/host-name.js';
import { wholeNumberParameter } from '../http/query.pipe.js';

const mostAtOnce = 1000;

/** `?host=`, in a fleet. */
export const hostParameter = z
  .string('must be given once')
  .regex(hostNamePattern, 'must be the name of a host, as its HOST_NAME says it')
  .optional()
  .meta({ description: 'In a fleet: this host alone, not every one that has the container.' });

/** `?parallel=`, in a fleet. */
export const parallelParameter = wholeNumberParameter(1, mostAtOnce)
  .optional()
  .meta({ description: 'In a fleet: on how many hosts at once; one after the other where it is absent.' });
