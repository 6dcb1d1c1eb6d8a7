import { expect, it } from '@jest/globals';
import { throttled } from './throttled.js';

it('passes on the first call, and then at most one in each interval', () => {
  let time = 0;
  const passed: number[] = [];
  const pass = throttled(
    (value: number) => passed.push(value),
    500,
    () => time,
  );
  for (; time <= 1600; time += 100) pass(time);
  expect(passed).toEqual([0, 500, 1000, 1500]);
});
