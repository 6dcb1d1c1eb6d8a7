/** Why deployments fail or are dropped. What each one means and what to do about it stands in README.md. */
export const failureCodes = [
  ...['engine_unreachable', 'engine_error', 'engine_timeout', 'no_such_container', 'no_such_service', 'refused'],
  ...['image_pinned', 'no_previous_image', 'registry_credentials', 'pull_unauthorized', 'pull_not_found'],
  ...['pull_failed', 'pull_timeout', 'rate_limited', 'disk_full', 'digest_mismatch', 'known_bad', 'not_faithful'],
  ...['create_failed', 'container_changed', 'another_instance', 'stop_failed', 'start_failed', 'exited', 'restarting'],
  ...['unhealthy', 'proof_timeout', 'rollback_failed', 'kept_stopped', 'update_paused', 'interrupted', 'stopping'],
  ...['cancelled', 'superseded', 'no_such_host', 'hosts_failed', 'rollout_stopped', 'host_away', 'internal_error'],
];
