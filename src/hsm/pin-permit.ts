import type { PinState } from '../kernel/signer.ts';

/** An HSM token as all hosts know it. */
export interface TokenIdentity {
  readonly label: string;
  readonly serial: string;
}

/** A process that tries the PIN. */
export interface Trier {
  /** The id of the front; of a command one that no front has. */
  readonly front: string;
  /** For people. */
  readonly host: string;
}

/**
 * What the attempts at the PIN of one HSM token came to, on whichever host (decision 147). It says nothing of the PIN. Times
 * in seconds since the epoch.
 */
export interface PinPermit {
  /** In a row whose answer is not known, the one under way included. */
  readonly attempts: number;
  /** Who is at an attempt, or was when it ended; empty where it has told what became of it. */
  readonly front: string;
  /** Of the last attempt, by `PinPermission.id`. */
  readonly attempt: string;
  readonly host: string;
  readonly since: number;
  readonly rejection: PinRejection | null;
}

export interface PinRejection {
  readonly host: string;
  readonly at: number;
  /** The token had accepted that very PIN file before: its PIN is another by now, and the files of all hosts are wrong. */
  readonly wasAccepted: boolean;
}

export const NO_ATTEMPTS: PinPermit = {
  attempts: 0,
  front: '',
  attempt: '',
  host: '',
  since: 0,
  rejection: null,
};

/** What became of an attempt. `changed`: rejected, though that very PIN file had been accepted before. */
export type PinOutcome = 'accepted' | 'untried' | 'unanswered' | 'rejected' | 'changed';

/** As on one host: one more of a PIN that was right before. */
const MOST_UNANSWERED = 2;

/** Whose PIN may be tried: that of any host, or of one whose very PIN file the token has accepted before. */
function admitted({ attempts, rejection }: PinPermit): 'any' | 'accepted' | 'none' {
  if (rejection?.wasAccepted || attempts >= MOST_UNANSWERED) return 'none';
  return rejection || attempts > 0 ? 'accepted' : 'any';
}

const ADVICE = 'Check the PIN files of all hosts against the HSM, then: keyward hsm clear-latch';

/** Why the PIN is not tried on this host; undefined where it may be. */
export function refusalOf(permit: PinPermit, { isAccepted }: Pick<PinState, 'isAccepted'>) {
  const who = admitted(permit);
  if (who === 'any' || (who === 'accepted' && isAccepted)) return undefined;
  const scope =
    who === 'none' ? 'no PIN is tried on any host' : 'no PIN is tried that was not accepted before';
  return `${occasionOf(permit)}; ${scope}. ${ADVICE}`;
}

/** What people have to look at; undefined where there is nothing. */
export function occasionOf({ attempts, host, rejection }: PinPermit): string | undefined {
  if (rejection?.wasAccepted)
    return `the HSM rejected the PIN of ${rejection.host}, which it had accepted before`;
  if (rejection) return `the HSM rejected the PIN of ${rejection.host}`;
  return attempts > 0 ? `the answer to the PIN attempt of ${host} is not known` : undefined;
}

/** Whether the PIN may be tried on the terms that only one accepted before is. */
export function isBound(permit: PinPermit): boolean {
  return admitted(permit) !== 'any';
}

/** Of an attempt that was begun, by what the signer's own latch says now. */
export function outcomeOf(attempt: string, pin: PinState): PinOutcome {
  const { state, isAccepted, permit } = pin;
  if (state === 'unreadable') return 'unanswered';
  if (permit?.id !== attempt) return 'untried';
  if (state === 'clear') return 'accepted';
  if (state === 'attempting') return 'unanswered';
  return isAccepted ? 'changed' : 'rejected';
}

export function begun(permit: PinPermit, by: Trier, attempt: string, at: number): PinPermit {
  return { ...permit, ...by, attempts: permit.attempts + 1, attempt, since: at };
}

/**
 * With the attempt of a front that is gone, or that this one never made, brought to its end, if anybody knows it: a host
 * does, of its own attempts, whichever process made them.
 */
export function settled(permit: PinPermit, pin: PinState, by: Trier, at: number): PinPermit {
  const { front, host, attempt } = permit;
  const isKnown = front !== '' && (front === by.front || pin.permit?.id === attempt);
  return isKnown ? concluded(permit, outcomeOf(attempt, pin), { front, host }, at) : permit;
}

/** Of who has lost its turn meanwhile, only a rejection counts. */
export function concluded(permit: PinPermit, outcome: PinOutcome, by: Trier, at: number): PinPermit {
  const { rejection } = permit;
  const isOwn = permit.front === by.front;
  const before = isOwn ? { ...permit, front: '', attempts: permit.attempts - 1 } : permit;
  switch (outcome) {
    case 'accepted':
      return isOwn ? { ...before, attempts: 0 } : permit;
    case 'untried':
      return before;
    case 'unanswered':
      return isOwn ? { ...permit, front: '' } : permit;
    case 'rejected':
    case 'changed':
      return rejection?.wasAccepted
        ? before
        : { ...before, rejection: { host: by.host, at, wasAccepted: outcome === 'changed' } };
  }
}
