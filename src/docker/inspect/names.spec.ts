import { describe, expect, it } from '@jest/globals';
import { namesOf } from './names.js';

const names = (...all: string[][]): Record<string, string> =>
  Object.fromEntries([...namesOf(all.map((Names) => ({ Names })))].map(([name, { Names }]) => [name, Names.join()]));
const id = 'a1b2c3d4e5f6';

describe('the names of containers', () => {
  it('are those that they have, not those by which others link to them', () => {
    expect(names(['/web/db', '/db'], ['/web'], [])).toEqual({ db: '/web/db,/db', web: '/web' });
  });

  it('are not those that an update gives them for a while', () => {
    expect(names(['/web'], [`/web-upd-new-${id}`])).toEqual({ web: '/web' });
    expect(names([`/web-upd-kept-${id}`], [`/self-upd-self-${id}`])).toEqual({});
  });

  it('are still there in the middle of an update, when nobody has them', () => {
    expect(names([`/web-upd-old-${id}`], [`/web-upd-new-${id}`])).toEqual({ web: `/web-upd-old-${id}` });
    expect(names(['/web'], [`/web-upd-old-${id}`])).toEqual({ web: '/web' });
  });
});
