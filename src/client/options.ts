import { hostname } from 'node:os';
import type { RefusalReason } from '../kernel/verification.ts';
import { requireThat, type VerifierProblem } from './errors.ts';
import { type Credential, serviceUrl } from './service.ts';

/** A token that the service did not issue, though its signature is right: the key is compromised. */
export interface ForgeryReport {
  /** SHA-256 of the signing input, base64url: the token's name in the service's events. */
  readonly digest: string;
  /** The key that has signed it. */
  readonly kid: string;
  /** What the token says. Whoever forged it wrote them. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The service's word: `never_issued` or `record_lost`. */
  readonly reason: RefusalReason;
}

/** What a verifier is made of. Nothing here turns a check off. */
export interface VerifierOptions {
  /** The data plane of the service, such as `https://keys.example.com`; with a credential, http for loopback alone. */
  readonly url: string | URL;
  /** The id of the key scope whose tokens are verified. There is no verifier without one. */
  readonly scope: string;
  /** The `iss` that every token must have, letter for letter. */
  readonly issuer: string;
  /** The `aud` that every token must have, alone. */
  readonly audience: string;
  /**
   * Of a client with the grant `verify`: withdrawn keys and revocations are then heard of within a second, and
   * accepted tokens are reported. A function is asked each time, such as for a file that is rotated.
   */
  readonly credential?: Credential | undefined;
  /** Tells the processes of one client apart where key sets are acknowledged; host name and process by default. */
  readonly instance?: string | undefined;
  /**
   * The registry key's public JWK: then only key sets signed by it are taken up. Several while it is being replaced:
   * any of them counts.
   */
  readonly registryKey?: object | readonly object[] | undefined;
  /** Which share of accepted tokens is reported, from 0 to 1; all by default. */
  readonly sightings?: number | undefined;
  /** How many verdicts are kept; 10,000 by default, 0 for none. */
  readonly cachedTokens?: number | undefined;
  /** Called once for each token that was accepted and that the service never issued. Needs a credential. */
  readonly onForgery?: ((report: ForgeryReport) => void) | undefined;
  /** Called when something beside a token's verification goes wrong. What it throws is dropped. */
  readonly onProblem?: ((problem: VerifierProblem) => void) | undefined;
  /** In place of the global one, such as for a proxy. */
  readonly fetch?: typeof fetch | undefined;
}

export interface CheckedOptions extends VerifierOptions {
  readonly instance: string;
  readonly sightings: number;
  readonly cachedTokens: number;
}

const SCOPE_ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const INSTANCE = /^[A-Za-z0-9._:-]{1,64}$/;
const MOST_CACHED = 1_000_000;

/** Throws a `TypeError` that names the option: a verifier is made once, at the start. */
export function checkedOptions(options: VerifierOptions): CheckedOptions {
  const { scope, issuer, audience, instance = ownInstance(), sightings = 1, cachedTokens = 10_000 } = options;
  serviceUrl(options.url, { withCredential: options.credential !== undefined });
  requireThat(SCOPE_ID.test(scope), 'scope: name one key scope by its id');
  requireThat(typeof issuer === 'string' && issuer !== '', 'issuer: give the issuer of the scope');
  requireThat(typeof audience === 'string' && audience !== '', 'audience: give the audience of the scope');
  requireThat(INSTANCE.test(instance), 'instance: use 1 to 64 letters, digits and . _ : -');
  requireThat(
    typeof sightings === 'number' && sightings >= 0 && sightings <= 1,
    'sightings: use a share from 0 to 1',
  );
  requireThat(
    Number.isInteger(cachedTokens) && cachedTokens >= 0 && cachedTokens <= MOST_CACHED,
    `cachedTokens: use a whole number from 0 to ${MOST_CACHED}`,
  );
  return { ...options, instance, sightings, cachedTokens };
}

function ownInstance(): string {
  return `${hostname()}:${process.pid}`.replaceAll(/[^A-Za-z0-9._:-]/g, '-').slice(-64);
}
