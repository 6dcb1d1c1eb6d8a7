import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks } from '../runner/documentation.js';
import { acceptsConnections, TestRedis } from './redis.js';

/** Redis as deploy/fleet has it, with its users, and the certificate of docs/fleet.md; what is mounted into its container is in a folder. */
export class SecuredRedis {
  private constructor(
    private readonly port: number,
    readonly kill: () => boolean,
  ) {}

  /**
   * @param folder gets what is mounted: `/tls` and `/data`, and the configuration in `/usr/local/etc/redis`
   * @param configuration the text of redis.conf
   */
  static async start(folder: string, configuration: string): Promise<SecuredRedis> {
    const at = (path: string): string => join(folder, path);
    for (const path of ['/tls', '/data', '/usr/local/etc/redis']) mkdirSync(at(path), { recursive: true });
    const commands = codeBlocks('docs/fleet.md').find(({ text }) => text.includes('subjectAltName'))?.text ?? '';
    const script = commands.replace('DNS:redis.example', 'IP:127.0.0.1');
    execFileSync('sh', ['-ec', script], { cwd: at('/tls'), stdio: 'ignore' });
    copyFileSync('deploy/fleet/users.acl', at('/usr/local/etc/redis/users.acl'));
    const path = at('/usr/local/etc/redis/redis.conf');
    writeFileSync(path, configuration.replaceAll(/ (?=\/)/g, ` ${folder}`));
    const { port, kill } = await TestRedis.configured(path, 'tls-port', acceptsConnections);
    return new SecuredRedis(port, kill);
  }

  static configuration(): string {
    return readFileSync('deploy/fleet/redis.conf', 'utf8');
  }

  /** @param user with its password, `fleet:change-me` as users.acl has it */
  urlFor(user = 'fleet:change-me'): string {
    return `rediss://${user}@127.0.0.1:${this.port}`;
  }
}
