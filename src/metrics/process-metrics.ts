import { readdir } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import { version } from '../common/version.js';
import type { PrometheusClient } from './prometheus-client.js';
import { prefix } from './prefix.js';

/**
 * The process, under the names that all Prometheus clients use, and what was built. prom-client's own set is not used: it watches the event loop
 * with a timer, and an idle service has none.
 */
export function describeProcess({ Counter, Gauge }: PrometheusClient, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: `${prefix}build_info`,
    help: 'The version of the service and of Node; always 1.',
    labelNames: ['version', 'node_version'],
    registers,
  }).set({ version, node_version: process.version }, 1);
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process was started, since the epoch.',
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time that the process has used.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory that the process holds.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'nodejs_heap_size_used_bytes',
    help: "Memory that JavaScript objects take, V8's garbage included.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors, sockets included; absent where /proc does not tell.',
    registers,
    async collect() {
      const open = await readdir('/proc/self/fd').catch(() => undefined);
      if (open) this.set(open.length);
    },
  });
}
