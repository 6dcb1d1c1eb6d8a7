/** Passes on the first call, and then at most one in each interval; those in between are left out. */
export function throttled<T>(
  pass: (value: T) => void,
  intervalMs: number,
  now: () => number = () => performance.now(),
): (value: T) => void {
  let next = -Infinity;
  return (value) => {
    if (now() < next) return;
    next = now() + intervalMs;
    pass(value);
  };
}
