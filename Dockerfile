# Builds with and without BuildKit: no syntax that only BuildKit knows.
ARG NODE_IMAGE=node:24-slim
ARG BUILD_IMAGE=${NODE_IMAGE}

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json scripts/keep-build-tools.mjs ./
RUN node keep-build-tools.mjs && npm install --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npx tsc -p tsconfig.build.json && node scripts/bundle.mjs

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trigger-docker-pull" \
      org.opencontainers.image.description="A webhook that updates a running container, and never loses it" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/bundle ./
EXPOSE 8080
# As PID 1 and without a shell, so that a stop reaches the service itself. No HEALTHCHECK: docs/operating.md says why.
ENTRYPOINT ["node", "/app/main.cjs"]
