import type { LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';

export interface Route {
  method: string;
  path: string;
}

/** The application in this very process, for what cannot be seen from outside: its routes. */
export interface InProcessApp {
  url: string;
  /** All that is registered with the router, for the usual methods. */
  routes: Route[];
  /** One JSON text per line of the log. */
  logs: string[];
  close: () => Promise<void>;
}

/** @param env the settings, in place of whatever is set */
export async function startApp(env: Record<string, string>): Promise<InProcessApp> {
  process.env = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.test(name))), ...env };
  const { AppModule } = await import('../../../src/app.module.js');
  const { settings } = await import('../../../src/config/settings.js');
  const { configureHttp } = await import('../../../src/http/configure-http.js');
  const logs: string[] = [];
  const app = await NestFactory.create<NestExpressApplication>(AppModule, new ExpressAdapter(), {
    logger: collector(logs),
    bodyParser: false,
    abortOnError: false,
  });
  configureHttp(app, settings());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, routes: routesOf(app), logs, close: () => app.close() };
}

/** What tests need themselves. */
const kept = /^(PATH|HOME|TMPDIR|NODE_.*|TEST_.*|JEST_.*)$/;

function collector(logs: string[]): LoggerService {
  const add = (...line: unknown[]): void => {
    logs.push(JSON.stringify(line));
  };
  return { log: add, error: add, warn: add, debug: add, verbose: add, fatal: add };
}

/** A route for all methods is registered for dozens. */
const usual = ['get', 'post', 'put', 'patch', 'delete'];

function routesOf(app: NestExpressApplication): Route[] {
  const express = app.getHttpAdapter().getInstance() as {
    router: { stack: { route?: { path: string; methods: Record<string, boolean> } }[] };
  };
  const found = new Map<string, Route>();
  for (const { route } of express.router.stack) {
    for (const method of Object.keys(route?.methods ?? {})) {
      if (!usual.includes(method)) continue;
      const entry = { method: method.toUpperCase(), path: route?.path ?? '' };
      found.set(`${entry.method} ${entry.path}`, entry);
    }
  }
  return [...found.values()];
}
