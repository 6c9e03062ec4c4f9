import type { Role } from '../domain/client.ts';
import type { KeyState } from './key.ts';

/** How many people an act takes: one who asks, or one who asks and another who approves (I11). */
export type Persons = 1 | 2;

interface ActRule<Facts> {
  /** The role it takes to ask. */
  readonly role: Role;
  /** Always the same, or a pure function of what is asked and what is there. */
  readonly persons: Persons | ((facts: Facts) => Persons);
  /**
   * Its proposals are kept in memory alone: it is for when the HSM cannot sign, and they end with the process.
   */
  readonly withoutHsm?: true;
  /**
   * Allowed while the clock is doubted (I13): it only restricts, whatever the time. All else is refused meanwhile.
   */
  readonly anyTime?: true;
}

const safer = { role: 'operator', persons: 1 } as const;
const urgent = { ...safer, anyTime: true } as const;
const weaker = { role: 'operator', persons: 2 } as const;

/**
 * Every administrative act, closed: what makes the service accept less is for one person, what makes it accept
 * more for two.
 */
export const ACTS = {
  'scope.create': weaker,
  'scope.policy': { role: 'operator', persons: ({ widens }: { widens: boolean }) => weakening(widens) },
  'client.create': weaker,
  'client.credential': weaker,
  // What it is called; what it may do is its grants'.
  'client.describe': safer,
  'client.revoke': urgent,
  'grant.add': weaker,
  'grant.remove': urgent,
  // Both turn the service's eyes away from a verifier, or its tokens towards a stranger.
  'probe.set': weaker,
  'probe.remove': weaker,
  'operator.create': weaker,
  'operator.credential': weaker,
  'operator.roles': { role: 'operator', persons: ({ gains }: { gains: boolean }) => weakening(gains) },
  'operator.revoke': urgent,
  'key.rotate': safer,
  'key.suspend': urgent,
  'key.resume': weaker,
  'key.compromise': urgent,
  'key.destroy': {
    role: 'operator',
    persons: ({ state }: { state: KeyState }) => weakening(!isSpent(state)),
  },
  'key.undo_rotation': weaker,
  'hsm.compromise': urgent,
  'hsm.clear_pin_latch': { ...weaker, withoutHsm: true },
  'rotation.pause': weaker,
  'rotation.unpause': safer,
  'revocation.add': urgent,
  // What people still look into is not for one of them to take away. The subject is kept in memory alone.
  'ledger.erase': {
    role: 'operator',
    persons: ({ open }: { open: boolean }) => weakening(open),
    withoutHsm: true,
  },
  // Also what a reporter wrote, until the case is closed.
  'report.erase': { role: 'operator', persons: ({ open }: { open: boolean }) => weakening(open) },
  // A decoy token is a token: until it expires, whoever asks nobody about revocations takes it.
  'canary.create': { role: 'operator', persons: ({ token }: { token: boolean }) => weakening(token) },
  'canary.retire': weaker,
  'audit.sinks': weaker,
  'notification.routes': weaker,
  'retention.shorten': weaker,
  'service_key.enrol': { ...weaker, withoutHsm: true },
  'audit.confirm_unwitnessed': weaker,
  'database.accept_restore': { ...weaker, withoutHsm: true },
  // The proposal is about this run; nothing is signed by a doubted clock.
  'clock.confirm': { ...weaker, withoutHsm: true, anyTime: true },
} as const satisfies Record<string, ActRule<never>>;

export type ActName = keyof typeof ACTS;
export const ACT_NAMES = Object.keys(ACTS) as readonly ActName[];

/** What the number of persons depends on; null where it is always the same. */
export type FactsOf<A extends ActName> = (typeof ACTS)[A]['persons'] extends (facts: infer F) => Persons
  ? F
  : null;

/** What is done with a proposal, and the role it takes. Nobody approves their own, whatever their roles. */
export const DECISIONS = {
  approve: 'approver',
  reject: 'approver',
  withdraw: 'operator',
} as const satisfies Record<string, Role>;

export function personsFor<A extends ActName>(act: A, facts: FactsOf<A>): Persons {
  const { persons }: ActRule<never> = ACTS[act];
  return typeof persons === 'function' ? persons(facts as never) : persons;
}

export function isWithoutHsm(act: ActName): boolean {
  const rule: ActRule<never> = ACTS[act];
  return rule.withoutHsm === true;
}

/** Whether it may be done while the clock is doubted. */
export function isForAnyTime(act: ActName): boolean {
  const rule: ActRule<never> = ACTS[act];
  return rule.anyTime === true;
}

function weakening(weakens: boolean): Persons {
  return weakens ? 2 : 1;
}

function isSpent(state: KeyState): boolean {
  return state === 'compromised' || state === 'deactivated';
}
