// Copies clients/notify.sh into the GitLab component, which cannot ship a file of its own. Usage: node scripts/gitlab-template.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const script = readFileSync(file('clients/notify.sh'), 'utf8').replace(/^(?=.)/gm, '      ');
const template = readFileSync(file('templates/notify.yml'), 'utf8');
const block = /(<<'END_OF_NOTIFY'\n)[^]*?( *END_OF_NOTIFY\n)/;
writeFileSync(
  file('templates/notify.yml'),
  template.replace(block, (_, begin, end) => begin + script + end),
);
