/** What a host may be called: it becomes part of keys in Redis. */
export const hostNamePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
