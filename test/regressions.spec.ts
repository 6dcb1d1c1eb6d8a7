import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';

const spec = 'src/docker/container-spec.spec.ts';
const states = 'test/states.e2e-spec.ts';
const run = 'test/conformance/run-cases.ts';
const compose = 'test/conformance/compose-cases.ts';

/**
 * What went wrong in other updaters, by their own reports, and the file of the test that would find it here. Where the
 * test's title does not carry the reference, because it is about more, the title stands here.
 */
const reports: [references: string[], file: string, title?: string][] = [
  // The old image's defaults are frozen, or the user's values are lost.
  [['containrrr/watchtower#1342'], spec],
  [['Quenary/tugtainer#93'], spec],
  [['containrrr/watchtower#418'], spec],
  [['Finsys/dockhand#1371'], spec],
  [['Finsys/dockhand#1256'], spec],
  // Networks.
  [['containrrr/watchtower#1723'], spec],
  [['Finsys/dockhand#204'], spec],
  [['containrrr/watchtower#78'], spec],
  [['containrrr/watchtower#1912'], spec],
  [['containrrr/watchtower#1906', 'nicholas-fedor/watchtower#160'], spec],
  [['nicholas-fedor/watchtower#2104'], spec],
  [['containrrr/watchtower#1941'], spec],
  [['portainer/portainer#1491', 'MichelFR/MqDockerUp#191'], run],
  [['Quenary/tugtainer#119'], run],
  [['getwud/wud#131'], spec],
  // The host configuration, mounts, identity.
  [['amayer1983/docksentry#27', 'Finsys/dockhand#390'], spec],
  [['nicholas-fedor/watchtower PR#1056'], spec],
  [['portainer/portainer#9047'], spec],
  [['liquidguru/docker-updater#11', 'docker-archive/compose-cli#1815'], spec],
  [['Finsys/dockhand#118'], run],
  [['Finsys/dockhand#267'], spec],
  [['nicholas-fedor/watchtower#2404'], spec],
  [['Quenary/tugtainer PR#125', 'Quenary/tugtainer#225'], spec],
  // Compose.
  [['nicholas-fedor/watchtower#2378', 'containrrr/watchtower#1988', 'Finsys/dockhand#1208'], compose],
  [['containrrr/watchtower#1989'], compose],
  // The container is gone, or its name is taken.
  [['containrrr/watchtower#832'], 'test/update.e2e-spec.ts', 'rolls back to the old container, itself'],
  [['CodesWhat/drydock#503'], 'src/docker/eligibility.spec.ts'],
  [['CodesWhat/drydock#245'], 'src/docker/eligibility.spec.ts'],
  [['docker/compose#10460'], 'test/chaos.e2e-spec.ts', 'may be killed before and after each call'],
  [['moby/moby#42351'], states],
  // The engine's API.
  [['getwud/wud#621'], states],
  [['apocas/docker-modem#146'], 'src/docker/pull-stream.spec.ts', 'an errorDetail alone'],
  [['Finsys/dockhand#1155'], 'test/containerd-store.e2e-spec.ts'],
  [['Finsys/dockhand#273'], 'src/docker/eligibility.spec.ts'],
];

describe('a report of what another updater got wrong', () => {
  it.each(reports.map(([references, file, title]) => ({ references, file, title })))(
    '$references: there is a test for it',
    ({ references, file, title }) => {
      expect(existsSync(file)).toBe(true);
      const text = readFileSync(file, 'utf8');
      for (const wanted of title ? [title] : references) expect(text).toContain(wanted);
    },
  );
});
