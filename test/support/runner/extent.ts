import { describe, it } from '@jest/globals';

/** Whether all tests run, and not those alone that ten minutes have room for: `npm run test:all`, and where files are named. */
export const isEverything = process.env.TEST_EVERYTHING === 'yes';

/** What goes further than the tests beside it, which `npm test` runs. */
export const itExtended = isEverything ? it : it.skip;
export const describeExtended = isEverything ? describe : describe.skip;
