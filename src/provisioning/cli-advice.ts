import type { CallService } from '../cli/operations-client.ts';
import { adviceOf, algorithmAdvice, refusalsOf } from '../keys/cli-policy.ts';
import type { Change, Step } from './document.ts';

/** What to know of the algorithms of the scopes that a plan would make. */
export function newAlgorithms(changes: readonly Change[]): readonly (string | undefined)[] {
  return changes
    .filter(({ action, kind }) => action === 'create' && kind === 'scope')
    .map(({ id, to }) => algorithmAdvice(id, (to as { algorithm?: unknown } | undefined)?.algorithm));
}

/** What a plan says of it before anything is changed. */
export function plannedRefusals(steps: readonly Step[]): readonly (string | undefined)[] {
  return steps.flatMap(({ changes }) =>
    changes.flatMap(({ id, member = '', refuses }) =>
      refuses === undefined ? [] : [adviceOf(id, { member, counted: refuses })],
    ),
  );
}

/** The steps of a plan, each change of a policy with how many living tokens it refuses at once. */
export async function withRefusals(steps: readonly Step[], call: CallService): Promise<readonly Step[]> {
  const told: Step[] = [];
  for (const step of steps) {
    const refusals = step.method === 'PATCH' ? await refusalsOf(call, step.path, step.body ?? {}) : [];
    const changes = step.changes.map((change) => {
      const refusal = refusals.find(({ member }) => member === change.member);
      return refusal ? { ...change, refuses: refusal.counted } : change;
    });
    told.push({ ...step, changes });
  }
  return told;
}
