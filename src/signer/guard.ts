import { KeywardError } from '../kernel/errors.ts';
import type { Binding } from '../kernel/key.ts';
import { WRITTEN_TYPES } from '../kernel/policy.ts';
import { areWellFormed } from '../token/check-claims.ts';
import { parseSigningInput, type SignedContent } from '../token/parse-token.ts';
import type { Handle } from './cryptoki.ts';

interface ClockSources {
  /** Wall time, milliseconds since the epoch. */
  readonly wallMs: () => number;
  /** Monotonic milliseconds. */
  readonly steadyMs: () => number;
}

const SYSTEM: ClockSources = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/**
 * The signer's own clock. What is dated further from it than the skew is refused, whatever the front's clock says.
 * A wall clock that departs from the monotonic one by more than the skew is believed again only after a restart.
 */
export class OwnClock {
  readonly #skewMs: number;
  readonly #sources: ClockSources;
  readonly #startMs: number;

  constructor(skewSeconds: number, sources: ClockSources = SYSTEM) {
    this.#skewMs = skewSeconds * 1_000;
    this.#sources = sources;
    this.#startMs = sources.wallMs() - sources.steadyMs();
  }

  /** `binding_refused`, naming the member, unless it is about now. Seconds since the epoch. */
  requireNear(time: unknown, member: string): void {
    if (!Number.isSafeInteger(time)) refuse(`${member} is not a whole number of seconds`);
    const { wallMs, steadyMs } = this.#sources;
    const wall = wallMs();
    requireThat(
      Math.abs(wall - steadyMs() - this.#startMs) <= this.#skewMs,
      'the clock of the signer jumped; it signs nothing dated until it is right again or the signer is restarted',
    );
    requireThat(
      Math.abs(Number(time) * 1_000 - wall) <= this.#skewMs,
      `${member} is too far from the clock of the signer`,
    );
  }
}

/** What the signer remembers of a statement of its own keys. */
export interface Sealing {
  /** The signature that this very statement has got already: there is no second one. */
  readonly signature?: Buffer | undefined;
  /** To be called with the signature before it is released; on disk when it returns. */
  keep(signature: Buffer): void;
}

/**
 * Throws `binding_refused` unless the key may sign this. The session is lent for what must be looked up in the
 * HSM.
 */
export type Guard = (
  signingInput: string,
  session: Handle,
  bindingRecords: readonly string[],
) => Sealing | undefined;

/** All that a header of ours ever has. */
const HEADER_MEMBERS = new Set(['alg', 'typ', 'kid']);
/** An ID token may have none. */
const tokenTypes: readonly unknown[] = [...WRITTEN_TYPES, undefined];

/**
 * What a signing key may sign (I8): a token of its own scope, dated within its window, that lives no longer than
 * its binding allows. Held against the binding record, whatever the front says.
 */
export function guardOfBinding(
  binding: Binding,
  clock: Pick<OwnClock, 'requireNear'>,
): (signingInput: string) => undefined {
  return (signingInput) => {
    const { header, claims } = readSigningInput(signingInput);
    requireHeader(header, binding.kid, binding.algorithm);
    requireThat(tokenTypes.includes(header.typ), 'typ is not a type of token');
    requireThat(claims.iss === binding.issuer, 'iss is not the issuer of the key');
    requireThat(claims.aud === binding.audience, 'aud is not the audience of the key');
    requireTimes(claims, binding);
    clock.requireNear(claims.iat, 'iat');
    requireThat(areWellFormed({ header, claims }), 'the claims are not those of a token of this type');
  };
}

/** The signing input as every verifier of ours would read it; it takes a digest, or bytes, for malformed. */
export function readSigningInput(signingInput: string, maxLength?: number): SignedContent {
  const parsed = parseSigningInput(signingInput, maxLength);
  if (parsed.ok) return parsed.token;
  return refuse(`the signing input is malformed: ${parsed.problem}`);
}

export function requireHeader(header: SignedContent['header'], kid: string, algorithm: string): void {
  requireThat(header.kid === kid, 'kid is not that of the key');
  requireThat(header.alg === algorithm, 'alg is not that of the key');
  requireThat(
    Object.keys(header).every((name) => HEADER_MEMBERS.has(name)),
    'the header has other members than alg, typ and kid',
  );
}

function requireTimes(
  { iat, exp }: SignedContent['claims'],
  { signFrom, signUntil, maxTtlSeconds }: Binding,
): void {
  if (!isWhole(iat)) refuse('iat is not a whole number of seconds');
  if (!isWhole(exp)) refuse('exp is not a whole number of seconds');
  requireThat(iat >= signFrom && iat <= signUntil, 'iat is outside the signing window of the key');
  requireThat(exp - iat <= maxTtlSeconds, 'the lifetime is longer than the key allows');
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

export function requireThat(holds: boolean, flaw: string): void {
  if (!holds) refuse(flaw);
}

export function refuse(flaw: string): never {
  throw new KeywardError('binding_refused', flaw);
}
