/** What the names of all of this service's own series begin with. */
export const prefix = 'trigger_docker_pull_';
