import type { Actor } from '../kernel/actor.ts';
import type { Scope } from '../kernel/scope.ts';
import { refuseFlawed, type ValidationIssue } from './validation-issue.ts';

/** Two persons' word that a scope's key shall not be rotated by itself for a while; it ends by itself. */
export interface RotationPause {
  /** The last second of it, since the epoch. */
  readonly until: number;
  readonly reason: string;
}

/** What people do about the rotation that comes by itself. Answers the scope as it then is. */
export interface RotationPauses {
  /** `invalid_rotation_pause` for what `pause` would refuse now. */
  requireSound(pause: RotationPause): void;
  /** In place of a pause that there is. `unknown_scope`, `invalid_rotation_pause`. */
  pause(scopeId: string, pause: RotationPause, actor: Actor): Promise<Scope>;
  /** The pause ends now; without one, nothing changes. `unknown_scope`. */
  resume(scopeId: string, actor: Actor): Promise<Scope>;
}

/** The longest pause, in days: beyond a cryptoperiod nothing is signed anyway. */
const LONGEST_DAYS = 90;
const MOST_CHARACTERS = 500;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

export function isPaused({ rotationPause }: Pick<Scope, 'rotationPause'>, now: number): boolean {
  return rotationPause !== null && now <= rotationPause.until;
}

/** Throws `invalid_rotation_pause` naming the first member that is wrong. */
export function validateRotationPause(pause: RotationPause, now: number): void {
  refuseFlawed('invalid_rotation_pause', flawsOf(pause, now));
}

function flawsOf({ until, reason }: RotationPause, now: number): readonly ValidationIssue[] {
  const end = now + LONGEST_DAYS * 86_400;
  const isDated = Number.isSafeInteger(until) && until > now && until <= end;
  const isSaid = reason.trim() !== '' && reason.length <= MOST_CHARACTERS && !UNPRINTABLE.test(reason);
  return [
    ...(isDated ? [] : [{ path: ['until'], advice: `use a time within the next ${LONGEST_DAYS} days` }]),
    ...(isSaid
      ? []
      : [{ path: ['reason'], advice: `say why, in at most ${MOST_CHARACTERS} printable characters` }]),
  ];
}
