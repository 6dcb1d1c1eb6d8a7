# Builds with and without BuildKit: no syntax that only BuildKit knows.
ARG NODE_IMAGE=node:24.19.0-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npx tsc -p tsconfig.build.json && node scripts/bundle.mjs && node scripts/image-root.mjs /image-root
# V8's compiled code depends on the folder: this run leaves it there for the starts to come.
RUN mv bundle /app && node /app/main.cjs version

# Node, the libraries that it links, CA certificates and the bundle: no shell, no package manager.
FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trigger-docker-pull" \
      org.opencontainers.image.description="A webhook that updates a running container, and never loses it" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production \
    PATH=/usr/local/bin:/usr/bin:/bin
WORKDIR /app
COPY --from=build /image-root /
COPY --from=build /app ./
EXPOSE 8080
# As PID 1 and without a shell, so that a stop reaches the service itself. No HEALTHCHECK: docs/operating.md says why.
ENTRYPOINT ["node", "/app/main.cjs"]
