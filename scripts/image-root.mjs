// Makes the root file system of the image: the Node that runs this script, the libraries that it links, CA certificates, and no
// shell. Usage: node scripts/image-root.mjs FOLDER
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { rootCertificates } from 'node:tls';

const root = process.argv[2];
if (!root) throw new Error('usage: node scripts/image-root.mjs FOLDER');

const node = '/usr/local/bin/node';
const { sharedObjects } = process.report.getReport();

copy(realpathSync(process.execPath), node);
// Without the page that the kernel maps into each process, which is no file.
for (const library of sharedObjects.filter((path) => path.startsWith('/'))) copy(realpathSync(library), library);
// Credential helpers that are mounted read these, by the path that Go and OpenSSL look at.
write('/etc/ssl/certs/ca-certificates.crt', `${rootCertificates.join('\n')}\n`);
// The C library asks DNS alone where nothing says that /etc/hosts comes first.
write('/etc/nsswitch.conf', 'hosts: files dns\n');
write('/etc/passwd', 'root:x:0:0:root:/root:/\nnobody:x:65534:65534:nobody:/nonexistent:/\n');
write('/etc/group', 'root:x:0:\nnogroup:x:65534:\n');
folder('/root', 0o700);
folder('/tmp', 0o1777);

function copy(from, to) {
  mkdirSync(dirname(join(root, to)), { recursive: true });
  copyFileSync(from, join(root, to));
  chmodSync(join(root, to), 0o755);
}

function write(path, text) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function folder(path, mode) {
  mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, path), mode);
}
