import type { Config } from '../config.ts';
import { isObject } from '../lib/json.ts';
import { TLS_PLANES, type TlsPlane } from './pem-files.ts';

/** What a reload changes in the running service: members, and sections with all below them. All else takes a restart. */
const RELOADABLE = [
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

interface ReloadPlan {
  /** What would be in force: what takes a restart stays as it is. */
  readonly config: Config;
  /** Paths of members. */
  readonly changed: readonly string[];
  readonly refused: readonly string[];
}

/** What of `next` can be in force without a restart. */
export function planReload(current: Config, next: Config): ReloadPlan {
  const fixed = TLS_PLANES.flatMap((plane) => fixedTls(plane, current, next));
  const isFixed = (path: string) =>
    !isReloadable(path) || fixed.some((each) => path === each || path.startsWith(`${tlsOf(each)}.`));
  const changed = differences(members(current), members(next));
  const tls = (plane: TlsPlane) => (isFixed(`${plane}.tls`) ? current : next)[plane].tls;
  return {
    config: {
      ...current,
      log: next.log,
      notifications: next.notifications,
      limits: reloadableLimits(current, next),
      data_plane: { ...current.data_plane, tls: tls('data_plane') },
      operations_plane: { ...current.operations_plane, tls: tls('operations_plane') },
    },
    changed: changed.filter((path) => !isFixed(path)),
    refused: changed.filter(isFixed),
  };
}

/** A listener keeps whether it has TLS, and whether it asks for client certificates. */
function fixedTls(plane: TlsPlane, current: Config, next: Config): readonly string[] {
  const [was, is] = [current[plane].tls, next[plane].tls];
  if (!was !== !is) return [`${plane}.tls`];
  return !was?.client_ca_file === !is?.client_ca_file ? [] : [`${plane}.tls.client_ca_file`];
}

function tlsOf(path: string): string {
  return path.replace(/\.client_ca_file$/, '');
}

function reloadableLimits({ limits: current }: Config, { limits: next }: Config): Config['limits'] {
  const kept = Object.entries(current).filter(([name]) => !isReloadable(`limits.${name}`));
  return { ...next, ...Object.fromEntries(kept) };
}

function members({ file: _file, variables: _variables, ...config }: Config): object {
  return config;
}

/** Paths at which two values differ; lists are compared as wholes. */
function differences(one: unknown, other: unknown, path = ''): readonly string[] {
  if (!isObject(one) || !isObject(other)) {
    return JSON.stringify(one) === JSON.stringify(other) ? [] : [path];
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) =>
    differences(one[name], other[name], path === '' ? name : `${path}.${name}`),
  );
}
