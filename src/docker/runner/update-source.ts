import type { ImageInspect } from '../engine/engine-types.js';
import type { ServiceInspect } from '../engine/swarm-types.js';
import type { UpdateOutcome } from '../update/outcome.js';
import type { RunningUpdate } from '../update/running-update.js';
import type { Subject } from '../update/subject.js';
import type { UpdateRequest } from './update-request.js';

/** Where the image comes from: the one thing in which an update and a rollback differ. */
export interface UpdateSource {
  /** Finds the image that a container is to run, in the stage `pull`. @throws UpdateError */
  findImage: (target: Subject, update: RunningUpdate, request: UpdateRequest) => Promise<ImageInspect>;
  /** Gives a service another image, from the stage `inspect` to the end. @throws UpdateError */
  changeService: (service: ServiceInspect, update: RunningUpdate, request: UpdateRequest) => Promise<UpdateOutcome>;
}
