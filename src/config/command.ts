import { PolicyFile } from './policy/policy-file.js';
import { readSettings, type Settings } from './settings.js';

/** What a command needs that nobody calls over HTTP: the settings, of which SECRET_KEY may be absent, and the policy. @throws InvalidSettings */
export async function commandConfiguration(): Promise<{ settings: Settings; policy: PolicyFile }> {
  const settings = readSettings(process.env, { isServer: false });
  return { settings, policy: await PolicyFile.open(settings.policyPath, process.env) };
}
