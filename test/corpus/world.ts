import { ALGORITHM_NAMES, type Algorithm } from '../../src/kernel/algorithm.ts';
import type { KeyState, SigningKey } from '../../src/kernel/key.ts';
import type { Scope, ScopeDefinition } from '../../src/kernel/scope.ts';
import {
  aScope,
  aSigningKey,
  type SoftwareKey,
  SoftwareKeyRing,
  softwareKey,
} from '../support/software-keys.ts';

/** The frozen time of the corpus. */
export const NOW = 1_800_000_000;
const DAY = 86_400;

/** Keys of the scope `payments` by what became of them; `active` is the one that good tokens come from. */
export type KeyName = KeyState | 'past_verification' | 'fresh' | 'foreign' | 'other_issuer' | 'stranger';

export interface World {
  readonly keyRing: SoftwareKeyRing;
  /** The scope that tokens of that algorithm are presented to. */
  scopeOf(algorithm: Algorithm): Scope;
  /** Its active key, or for ES256 any of the others. */
  key(algorithm: Algorithm, name?: KeyName): SoftwareKey;
}

/** Scopes and keys of every sort; the keys are new each time. */
export function createWorld(): World {
  const keyRing = new SoftwareKeyRing();
  const keys = new Map<string, SoftwareKey>();
  const scopes = new Map<Algorithm, Scope>();

  function add(name: string, scope: Scope, changes: Partial<SigningKey> = {}): void {
    const key = softwareKey(scope.algorithm);
    const window = { signFrom: NOW - 7 * DAY, signUntil: NOW + 7 * DAY };
    keys.set(name, key);
    keyRing.put(scope, aSigningKey(scope, key, { ...window, ...changes }));
  }

  for (const algorithm of ALGORITHM_NAMES) {
    const id = algorithm === 'ES256' ? 'payments' : `payments-${algorithm.toLowerCase()}`;
    const scope = aScope({ id, algorithm });
    scopes.set(algorithm, scope);
    add(`${algorithm} active`, scope);
  }

  const payments = aScope({ id: 'payments' });
  const past = { signFrom: NOW - 21 * DAY, signUntil: NOW - 600 };
  add('ES256 pre_activation', payments, { state: 'pre_activation', signFrom: null });
  add('ES256 deactivated', payments, { state: 'deactivated', ...past });
  add('ES256 past_verification', payments, { state: 'deactivated', ...past, signUntil: NOW - 3_631 });
  add('ES256 suspended', payments, { state: 'suspended' });
  add('ES256 compromised', payments, { state: 'compromised' });
  add('ES256 destroyed', payments, { state: 'destroyed', ...past });
  add('ES256 fresh', payments, { signFrom: NOW - 60 });
  keys.set('ES256 stranger', softwareKey('ES256'));

  const other = (definition: Partial<ScopeDefinition> & { id: string }) => aScope(definition);
  add('ES256 foreign', other({ id: 'mail' }));
  add(
    'ES256 other_issuer',
    other({ id: 'payroll', issuer: 'https://staff.example.com', audience: payments.audience }),
  );

  return {
    keyRing,
    scopeOf: (algorithm) => required(scopes.get(algorithm), algorithm),
    key: (algorithm, name = 'active') => required(keys.get(`${algorithm} ${name}`), `${algorithm} ${name}`),
  };
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the corpus has no ${name}`);
  return value;
}
