import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { isSupported } from '../scripts/supported-node.mjs';

describe('the supported versions of Node', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };

  it.each(['22.22.2', '22.30.0', '24.15.0', '24.15.7', '26.0.0', '27.1.0'])('include %s', (version) => {
    expect(isSupported(version, engines.node)).toBe(true);
  });

  it.each(['20.19.0', '20.99.9', '22.22.1', '22.9.9', '23.11.0', '24.14.9', '25.9.0', '9.0.0'])(
    'exclude %s',
    (version) => {
      expect(isSupported(version, engines.node)).toBe(false);
    },
  );
});
