import { describe, expect, it } from '@jest/globals';
import { containerInspect } from '../../../test/support/fixtures/containers.js';
import { labels } from '../update/labels.js';
import { carriedVolumes, renewVolumes, replacedVolumes, withoutRenewed } from './renewed-volumes.js';

const [code, data] = ['a'.repeat(64), 'b'.repeat(64)];
const mounts = [
  { Type: 'volume', Source: code, Target: '/srv/', VolumeOptions: { NoCopy: true } },
  {
    Type: 'volume',
    Source: data,
    Target: '/data',
    ReadOnly: true,
    VolumeOptions: { NoCopy: true, Labels: { a: 'b' } },
  },
  { Type: 'volume', Source: 'named', Target: '/named' },
  { Type: 'bind', Source: '/host', Target: '/bound' },
];
const create = { Labels: { [labels.replacedVolumes]: 'c'.repeat(64), other: 'x' }, HostConfig: { Mounts: mounts } };
const old = containerInspect({
  Mounts: [
    { Type: 'volume', Name: code, Destination: '/srv' },
    { Type: 'volume', Name: data, Destination: '/data' },
    { Type: 'volume', Name: 'named', Destination: '/named' },
    { Type: 'bind', Source: '/host', Destination: '/bound' },
    { Type: 'volume', Name: 'd'.repeat(64), Destination: '/donated' },
  ],
  HostConfig: { Mounts: mounts },
});

describe('renewVolumes', () => {
  it('leaves out the name of an anonymous volume, so that the engine makes a fresh one, and keeps its options', () => {
    const { create: renewed, warnings } = renewVolumes(create, old, ['/srv', '/data']);
    expect(renewed.HostConfig?.Mounts).toEqual([
      { Type: 'volume', Target: '/srv/' },
      { Type: 'volume', Target: '/data', ReadOnly: true, VolumeOptions: { Labels: { a: 'b' } } },
      ...mounts.slice(2),
    ]);
    expect(renewed.Labels).toEqual({ other: 'x', [labels.replacedVolumes]: `${code},${data}` });
    expect(warnings).toEqual([]);
  });

  it('forgets what an earlier update replaced, also where it renews nothing', () => {
    const { create: renewed } = renewVolumes(create, old, []);
    expect(renewed.Labels).toEqual({ other: 'x' });
    expect(renewed.HostConfig?.Mounts).toEqual(mounts);
  });

  it.each(['/named', '/bound', '/donated'])('refuses %s, which is no anonymous volume of its own', (path) => {
    expect(() => renewVolumes(create, old, [path])).toThrow(path);
  });

  it('warns of a path where nothing is mounted', () => {
    expect(renewVolumes(create, old, ['/typo']).warnings).toEqual([expect.stringContaining('/typo')]);
  });
});

describe('carriedVolumes', () => {
  it('are those with names that the engine made up', () => {
    expect(carriedVolumes(create)).toEqual([
      { path: '/srv', name: code },
      { path: '/data', name: data },
    ]);
  });
});

describe('withoutRenewed', () => {
  it('takes nothing for lost where a volume is fresh', () => {
    const { Mounts, HostConfig } = withoutRenewed(old, ['/srv']);
    expect(Mounts.map(({ Destination }) => Destination)).not.toContain('/srv');
    expect(HostConfig.Mounts?.map(({ Target }) => Target)).toEqual(['/data', '/named', '/bound']);
    expect(withoutRenewed(old, [])).toBe(old);
  });
});

describe('replacedVolumes', () => {
  const container = (text: string) => ({ Config: { Image: 'app', Labels: { [labels.replacedVolumes]: text } } });

  it('reads what an update wrote, and nothing else', () => {
    expect(replacedVolumes(container(`${code},${data}`), undefined)).toEqual([code, data]);
    expect(replacedVolumes(container(`database,../${code},${data}`), undefined)).toEqual([data]);
    expect(replacedVolumes({ Config: { Image: 'app' } }, undefined)).toEqual([]);
  });

  it('does not believe the image', () => {
    const image = { Config: { Labels: { [labels.replacedVolumes]: code } } };
    expect(replacedVolumes(container(code), image)).toEqual([]);
  });
});
