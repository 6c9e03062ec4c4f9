import type { Actor } from '../kernel/actor.ts';
import type { KeyPlan } from '../kernel/key-lifecycle/plans.ts';
import type { KeyAct } from '../kernel/registry.ts';

/** What the audit trail says beside the plan. */
export interface Telling {
  readonly type: `key.${string}`;
  readonly actor: Actor;
  readonly why: string;
}

/** What became of one key. */
export function keyAct({ type, actor, why }: Telling, kid: string, { stopped, started }: KeyPlan): KeyAct {
  const scope = (stopped ?? started)?.scopeId;
  const details = { scope, why, promoted: started?.kid ?? null, ...keptIn(stopped) };
  return { type, actor, subject: `key:${kid}`, details };
}

/** One key signs in the place of another. */
export function succession(
  { type, actor, why }: Telling,
  scopeId: string,
  { stopped, started }: KeyPlan,
): KeyAct {
  const details = { why, activated: started?.kid ?? null, deactivated: stopped?.kid ?? null };
  return { type, actor, subject: `scope:${scopeId}`, details };
}

function keptIn(key: KeyPlan['stopped']): Readonly<Record<string, unknown>> {
  return key?.state === 'compromised' ? { kept_for_forensics: key.keptForForensics } : {};
}
