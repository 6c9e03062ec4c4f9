import { KeywardError } from '../kernel/errors.ts';

/** What a service manager says of listening sockets that it passes: `sd_listen_fds(3)`. */
export interface ListenVariables {
  readonly pid: string | undefined;
  readonly fds: string | undefined;
  readonly names: string | undefined;
}

const PLANES = ['data', 'operations'] as const;
type Plane = (typeof PLANES)[number];

/** The descriptor of each plane that has one. */
export type PassedSockets = Readonly<Partial<Record<Plane, number>>>;

const FIRST_DESCRIPTOR = 3;
const COUNT = /^[1-9]\d{0,3}$/;

/**
 * The sockets by FileDescriptorName=; none where they are meant for another process. `invalid_config` for any that no
 * plane is named after: a socket that nobody serves would let its clients wait for ever.
 */
export function passedSockets({ pid, fds, names }: ListenVariables, ownPid = process.pid): PassedSockets {
  if (fds === undefined || pid !== String(ownPid)) return {};
  if (!COUNT.test(fds)) refuse(`LISTEN_FDS is ${fds}`);
  const named = (names ?? '').split(':');
  if (named.length !== Number(fds)) refuse(`LISTEN_FDNAMES has ${named.length} names for ${fds} sockets`);
  const passed: Partial<Record<Plane, number>> = {};
  for (const [at, name] of named.entries()) {
    const plane = PLANES.find((each) => each === name);
    if (!plane) refuse(`the socket ${JSON.stringify(name)} is of no plane`);
    if (passed[plane] !== undefined) refuse(`there are two sockets named ${plane}`);
    passed[plane] = FIRST_DESCRIPTOR + at;
  }
  return passed;
}

function refuse(flaw: string): never {
  throw new KeywardError(
    'invalid_config',
    `sockets of the service manager: ${flaw}; name each by FileDescriptorName=, one ${PLANES.join(' and one ')}`,
  );
}
