import { describe, expect, it } from '@jest/globals';
import { bearerToken } from './authenticator.js';

describe('bearerToken', () => {
  it.each([
    ['Bearer s3cret', 's3cret'],
    ['bearer s3cret', 's3cret'],
    ['BEARER   s3cret', 's3cret'],
    ['Bearer a+b/c=._~-', 'a+b/c=._~-'],
  ])('takes the token out of %p', (header, token) => {
    expect(bearerToken(['Host', 'x', 'Authorization', header])).toBe(token);
  });

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'Bearer two tokens',
    'Bearers3cret',
    'Token s3cret',
    's3cret',
    'Bearer tök',
    'Bearer a\u0000b',
  ])('refuses %p', (header) => {
    expect(bearerToken(['authorization', header])).toBeUndefined();
  });

  it('refuses two headers, of which Node would show only the first', () => {
    expect(bearerToken(['Authorization', 'Bearer s3cret', 'authorization', 'Bearer other'])).toBeUndefined();
  });

  it('is not misled by a value that looks like the name', () => {
    expect(bearerToken(['X-Header', 'authorization', 'Bearer s3cret', 'x'])).toBeUndefined();
  });
});
