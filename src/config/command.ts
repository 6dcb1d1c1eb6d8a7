import { Global, Module, type DynamicModule } from '@nestjs/common';
import { PolicyFile } from './policy/policy-file.js';
import { readSettings, settings, type Settings } from './settings.js';

interface CommandConfiguration {
  settings: Settings;
  policy: PolicyFile;
}

/** What a command needs that nobody calls over HTTP: the settings, of which SECRET_KEY may be absent, and the policy. @throws InvalidSettings */
export async function commandConfiguration(): Promise<CommandConfiguration> {
  const read = readSettings(process.env, { isServer: false });
  return { settings: read, policy: await PolicyFile.open(read.policyPath, process.env) };
}

/** Stands in for SettingsModule in a command that is put together by Nest. */
@Global()
@Module({})
export class CommandSettingsModule {
  static of({ settings: read, policy }: CommandConfiguration): DynamicModule {
    return {
      module: CommandSettingsModule,
      providers: [
        { provide: settings.KEY, useValue: read },
        { provide: PolicyFile, useValue: policy },
      ],
      exports: [settings.KEY, PolicyFile],
    };
  }
}
