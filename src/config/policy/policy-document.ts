import * as z from 'zod';
import { policySchema } from './policy.schema.js';

/** The JSON schema in docs/policy.schema.json, made from the schema that checks policies, so that the two cannot differ. */
export function policyDocument(): object {
  return { ...z.toJSONSchema(policySchema(), { io: 'input' }), title: 'The policy file of trigger-docker-pull' };
}
