import { Global, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { PolicyFile } from './policy/policy-file.js';
import { settings, type Settings } from './settings.js';

@Global()
@Module({
  imports: [ConfigModule.forRoot({ isGlobal: true, ignoreEnvFile: true, load: [settings] })],
  providers: [
    {
      provide: PolicyFile,
      inject: [settings.KEY],
      useFactory: ({ policyPath }: Settings) => PolicyFile.open(policyPath, process.env),
    },
  ],
  exports: [PolicyFile],
})
export class SettingsModule {}
