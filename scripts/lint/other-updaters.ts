import { existsSync, readFileSync } from 'node:fs';

const spec = 'src/docker/recreate/create-request.spec.ts';
const states = 'test/states.e2e-spec.ts';
const run = 'test/conformance/run-cases.ts';
const compose = 'test/conformance/compose-cases.ts';
const eligibility = 'src/docker/rules/eligibility.spec.ts';

/**
 * What went wrong in other updaters, by their own reports, and the files with the tests that would find it here: each
 * carries the reference.
 */
const reports: [what: string, references: string[], ...files: string[]][] = [
  ['the old image’s default environment stays', ['containrrr/watchtower#1342'], spec, run],
  ['variables of an env file are lost', ['Quenary/tugtainer#93'], spec, run, compose],
  ['a command beside an own entrypoint is lost', ['containrrr/watchtower#418'], spec, run],
  ['the old image’s command runs on the new image', ['Finsys/dockhand#1371'], spec, run],
  ['the old image’s labels stay', ['Finsys/dockhand#1256', 'containrrr/watchtower#1854'], spec],
  ['aliases are lost, or dead ids pile up', ['containrrr/watchtower#1723'], spec, run],
  ['the alias of a service is lost', ['Finsys/dockhand#204'], spec, compose],
  ['a static address is lost', ['containrrr/watchtower#78'], spec, run],
  ['a given address becomes a static one', ['containrrr/watchtower#1912'], spec],
  ['aliases on host or bridge', ['containrrr/watchtower#1906', 'nicholas-fedor/watchtower#160'], spec, run],
  ['a generated MAC address is pinned', ['nicholas-fedor/watchtower#2104'], spec],
  ['a set MAC address is lost', ['containrrr/watchtower#1941'], spec, run],
  ['all networks but one are lost', ['portainer/portainer#1491'], spec, run, compose],
  ['a static address is still in use', ['Quenary/tugtainer#119'], run],
  ['settings of a network that is another container’s', ['getwud/wud#131'], spec, run],
  [
    'dependents keep a dead id',
    ['containrrr/watchtower#1013', 'passteque/gluetun#1587'],
    'test/dependents.e2e-spec.ts',
  ],
  ['a rollback leaves dependents without network', ['amayer1983/docksentry#27'], spec, 'test/dependents.e2e-spec.ts'],
  ['a hostname in the host’s UTS namespace', ['nicholas-fedor/watchtower PR#1056'], spec, run],
  ['the hostname is frozen to a dead id', ['portainer/portainer#9047'], spec],
  ['mounts of --mount are ignored', ['liquidguru/docker-updater#11'], spec, run],
  ['anonymous volumes are lost', ['docker-archive/compose-cli#1815'], spec, run],
  ['a tmpfs becomes a volume', ['Finsys/dockhand#267'], spec, run],
  ['limits are lost', ['Finsys/dockhand#390'], spec, run],
  [
    'inline configs of Compose vanish',
    ['nicholas-fedor/watchtower#2378', 'containrrr/watchtower#1988', 'Finsys/dockhand#1208'],
    compose,
  ],
  ['compose up recreates once more', ['containrrr/watchtower#1989'], spec, compose],
  ['the container is gone where the new one fails', ['containrrr/watchtower#832'], 'test/update.e2e-spec.ts'],
  ['temporary names are taken for targets', ['CodesWhat/drydock#503'], eligibility],
  ['the proxy to the engine is updated', ['CodesWhat/drydock#245'], eligibility],
  ['a create request that no URL can hold', ['getwud/wud#621'], states],
  ['a failed pull counts as done', ['apocas/docker-modem#146'], 'src/docker/images/pull-stream.spec.ts'],
  ['updates for nothing', ['Finsys/dockhand#1155'], 'test/containerd-store.e2e-spec.ts'],
  ['pinned images are pulled', ['Finsys/dockhand#273'], eligibility],
  ['addresses of bindings, links are lost', ['Quenary/tugtainer PR#125', 'Quenary/tugtainer#225'], spec, run],
  ['its own published port is in use', ['nicholas-fedor/watchtower#1337'], 'test/image.e2e-spec.ts'],
  ['what is mounted came from a container that is gone', ['nicholas-fedor/watchtower#2404'], spec],
  ['an interrupted update leaves its names behind', ['docker/compose#10460'], 'test/chaos.e2e-spec.ts'],
  ['what runs is renamed', ['moby/moby#42351'], states],
];

/** @returns references to reports that no test carries */
export function otherUpdaters(): string[] {
  return reports.flatMap(([what, references, ...files]) => {
    const texts = files.map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''));
    const withoutTest = references.filter((reference) => !texts.some((text) => text.includes(reference)));
    const withoutReference = files.filter((_, index) => !references.some((each) => texts[index]?.includes(each)));
    return [
      ...withoutTest.map((reference) => `no test carries ${reference}: ${what}`),
      ...withoutReference.map((file) => `${file} carries no reference to a report: ${what}`),
    ];
  });
}
