import { Module } from '@nestjs/common';
import { BearerGuard } from './bearer.guard.js';

@Module({ providers: [BearerGuard], exports: [BearerGuard] })
export class AuthModule {}
