import * as z from 'zod';
import { targetKinds } from '../deployments/deployment.js';

/** `?kind=`: what the name means. */
export const targetParameter = z.enum(targetKinds, 'must be container or service').optional().meta({
  description:
    'What the name means: a container, or a service of the Swarm that the engine manages. Without it a container of that name wins, and a container that is a task of a service leads to the service.',
});
