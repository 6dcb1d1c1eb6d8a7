import { Global, Module } from '@nestjs/common';
import { settings, type Settings } from '../config/settings.js';
import { RedisConnections } from './redis-connections.js';

/** The connections to Redis, or undefined where the service has none: then nothing of it is loaded. */
@Global()
@Module({
  providers: [
    {
      provide: RedisConnections,
      inject: [settings.KEY],
      useFactory: ({ redisUrl }: Settings) => (redisUrl === undefined ? undefined : RedisConnections.open(redisUrl)),
    },
  ],
  exports: [RedisConnections],
})
export class RedisModule {}
