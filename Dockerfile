# Builds with and without BuildKit: no syntax that only BuildKit knows.
ARG NODE_IMAGE=node:24-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx nest build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
LABEL org.opencontainers.image.title="trigger-docker-pull" \
      org.opencontainers.image.description="A webhook that updates a running container, and never loses it" \
      org.opencontainers.image.licenses="MIT"
EXPOSE 8080
CMD ["node", "dist/main.js"]
