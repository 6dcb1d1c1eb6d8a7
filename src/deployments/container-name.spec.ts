import { describe, expect, it } from '@jest/globals';
import { containerName } from './container-name.js';
import { newDeployment } from './deployment.js';
import { storedDeploymentSchema } from './redis/stored-deployment.js';

describe('the name of a container', () => {
  it.each([
    ['', false],
    ['a', false],
    ['ab', true],
    ['a'.repeat(63), true],
    ['a'.repeat(64), true],
    ['a'.repeat(128), true],
    ['a'.repeat(129), true],
    ['a'.repeat(255), true],
    ['a'.repeat(256), false],
    ['-a', false],
    ['.a', false],
    ['a_.-', true],
    ['ä1', false],
    ['aä', false],
    ['a\u200bb', false],
    ['ab\n', false],
    ['a/b', false],
  ])('%j is accepted by a notify and read from the store alike', (name, isValid) => {
    expect(containerName.safeParse(name).success).toBe(isValid);
    const stored = { deployment: newDeployment(name, 'ci'), permissions: [[name]] };
    expect(storedDeploymentSchema.safeParse(stored).success).toBe(isValid);
  });
});
