#!/bin/sh
# Run by Diun for every image that it sees (script notifier): asks for the update of the containers that run it.
set -eu
case "$DIUN_ENTRY_STATUS" in
  update) ;;
  *) exit 0 ;;
esac
case "$DIUN_ENTRY_IMAGE" in
  docker.io/library/postgres:16) containers="db" ;;
  docker.io/grafana/grafana:latest) containers="grafana grafana-staging" ;;
  *) exit 0 ;;
esac
for container in $containers; do
  curl --fail-with-body --silent --show-error --max-time 30 --request POST \
    --header @/etc/trigger-docker-pull/authorization "$DEPLOY_URL/notify/$container"
done
