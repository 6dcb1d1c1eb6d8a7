/**
 * By this label of its image (Dockerfile) the service knows its own kind. Any image may have it: what makes an instance
 * is that its operator gave it the engine, see engine-access.ts.
 */
export const serviceLabel = { name: 'org.opencontainers.image.title', value: 'trigger-docker-pull' } as const;
