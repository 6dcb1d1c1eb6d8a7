/** prom-client as it is once it has been loaded: only where metrics are asked for. */
export type PrometheusClient = typeof import('prom-client');

export async function loadPrometheusClient(): Promise<PrometheusClient> {
  // A CommonJS package: its exports are on `default` in every loader.
  const { default: client } = await import('prom-client');
  return client;
}
