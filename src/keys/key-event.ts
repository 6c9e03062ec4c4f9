import type { Actor } from '../domain/access.ts';
import type { AuditEvent } from '../domain/audit.ts';
import type { KeyPlan } from '../domain/key-life/plans.ts';

/** What the audit trail says beside the plan. */
export interface Telling {
  readonly type: `key.${string}`;
  readonly actor: Actor;
  readonly why: string;
}

/** The event of what became of one key. */
export function keyEvent({ type, actor, why }: Telling, { stopped, started }: KeyPlan): AuditEvent {
  const about = stopped ?? started;
  return {
    type,
    actor: actor.operatorId,
    subject: `key:${about?.kid}`,
    requestId: actor.requestId,
    details: { scope: about?.scopeId, why, promoted: started?.kid ?? null, ...keptIn(stopped) },
  };
}

/** The event of one key that signs in the place of another. */
export function successionEvent(
  { type, actor, why }: Telling,
  scopeId: string,
  { stopped, started }: KeyPlan,
): AuditEvent {
  return {
    type,
    actor: actor.operatorId,
    subject: `scope:${scopeId}`,
    requestId: actor.requestId,
    details: { why, activated: started?.kid ?? null, deactivated: stopped?.kid ?? null },
  };
}

function keptIn(key: KeyPlan['stopped']): Readonly<Record<string, unknown>> {
  return key?.state === 'compromised' ? { kept_for_forensics: key.keptForForensics } : {};
}
