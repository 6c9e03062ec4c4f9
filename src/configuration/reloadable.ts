/** What a reload changes in the running service: members, and sections with all below them. All else takes a restart. */
export const RELOADABLE = [
  'data_plane.tls',
  'operations_plane.tls',
  'notifications',
  'limits.requests_in_flight',
  'limits.client_requests_per_second',
  'limits.anonymous_requests_per_second',
  'limits.failed_authentications_per_minute',
  'limits.event_streams',
  'limits.event_streams_per_client',
  'limits.drain_seconds',
  'log.level',
] as const;

/** By the path of a member, such as `log.level`. */
export function isReloadable(path: string): boolean {
  return RELOADABLE.some((each) => path === each || path.startsWith(`${each}.`));
}
