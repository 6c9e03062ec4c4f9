import { memberName } from '../kernel/policy.ts';
import { type CountedTokens, VERIFIED_MEMBERS } from '../domain/policy-refusals.ts';
import type { Step } from '../provisioning/step.ts';
import { warnOf } from './algorithm-advice.ts';
import type { ProposalAnswer } from './answers.ts';
import type { Context } from './context.ts';
import type { CallService } from './operations-client.ts';

const VERIFIED = VERIFIED_MEMBERS.map(memberName);

interface Refusal {
  readonly member: string;
  readonly counted: CountedTokens | null;
}

/** Says how many living tokens a change of a scope would refuse at once; `change` as the service takes it. */
export async function warnOfRefusals(
  context: Context,
  call: CallService,
  scope: string,
  change: Readonly<Record<string, unknown>>,
): Promise<void> {
  const refusals = await refusalsOf(call, `/scopes/${encodeURIComponent(scope)}`, change);
  warnOf(context, ...refusals.map((refusal) => adviceOf(scope, refusal)));
}

/** Of an open proposal that changes a scope; of others says nothing. */
export async function warnOfProposed(
  context: Context,
  call: CallService,
  { act, state, parameters: { scope, ...change } }: ProposalAnswer,
): Promise<void> {
  if (act === 'scope.policy' && state === 'open') {
    await warnOfRefusals(context, call, String(scope), change);
  }
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

/** `refuses 12 living tokens at once`; undefined where it is known that it refuses none. */
export function refusalText(counted: CountedTokens | null): string | undefined {
  if (!counted) return 'refuses living tokens at once; how many could not be counted';
  const { tokens, bound } = counted;
  if (tokens === 0 && bound !== 'at_least') return undefined;
  const howMany = { exact: '', at_least: 'at least ', at_most: 'up to ' }[bound];
  return `refuses ${howMany}${tokens} living ${tokens === 1 ? 'token' : 'tokens'} at once`;
}

async function refusalsOf(
  call: CallService,
  path: string,
  change: Readonly<Record<string, unknown>>,
): Promise<readonly Refusal[]> {
  if (!VERIFIED.some((member) => Object.hasOwn(change.policy ?? {}, member))) return [];
  const { refusals } = await call<{ refusals: readonly Refusal[] }>('POST', `${path}/preview`, change);
  return refusals;
}

function adviceOf(scope: string, { member, counted }: Refusal): string | undefined {
  const text = refusalText(counted);
  return text && `scope ${scope}, ${member}: ${text}`;
}
