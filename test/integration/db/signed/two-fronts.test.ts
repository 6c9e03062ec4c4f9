import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RegistryWalk } from '../../../../src/db/signed/registry-walk.ts';
import { KeywardError } from '../../../../src/kernel/errors.ts';
import { NO_TIMES } from '../../../../src/kernel/key.ts';
import { type Front, openFront } from '../../../support/fronts.ts';
import { ON_POSTGRES } from '../../../support/on-postgres.ts';
import type { TestStores } from '../../../support/open-test-store.ts';
import { provisionRegistry } from '../../../support/provisioned-registry.ts';
import { ALICE, hsmId, keySample, scopeSample } from '../../../support/registry-samples.ts';

const SCOPES = ['payments', 'mail'] as const;
type ScopeId = (typeof SCOPES)[number];
/** More than there are steps of a walk. */
const ROUND = 20;
/** What an act may be answered, whatever the other front did before. */
const ANSWERS = new Set([
  'client_exists',
  'key_changed',
  'unknown_client',
  'unknown_grant',
  'hsm_unavailable',
  'store_unavailable',
  'internal',
]);

/** What anybody might do to the rows of a scope. */
const ACTS = {
  follow: (front) => front.follow(),
  grant: ({ access }, scopeId) => access.addGrant(`${scopeId}-web`, { scopeId, action: 'verify' }, ALICE),
  withdraw: ({ access }, scopeId) =>
    access.removeGrant(`${scopeId}-web`, { scopeId, action: 'verify' }, ALICE),
  withdrawSigning: ({ access }, scopeId) =>
    access.removeGrant(`${scopeId}-web`, { scopeId, action: 'sign' }, ALICE),
  describe: ({ access }, scopeId, n) => access.describeClient(`${scopeId}-web`, `${n}`, ALICE),
  add: ({ access }, scopeId, n) =>
    access.addClient(
      { id: `${scopeId}-${n}`, description: '', createdAt: 1, revokedAt: null, grants: [] },
      Buffer.from(`${scopeId}-${n}`.padEnd(32)),
      ALICE,
    ),
  revoke: ({ access }, scopeId, n) => access.revokeClient(`${scopeId}-${n}`, 7, ALICE),
  compromise: ({ registry }, scopeId) => registry.restrictKeys(...compromiseOf(scopeId)),
  change: ({ registry }, scopeId) => registry.changeKeys(...compromiseOf(scopeId)),
  pause: ({ registry }, scopeId, n) =>
    registry.setRotationPause(
      scopeId,
      n === 0 ? null : { until: 1_800_000_000 + n, reason: 'a move' },
      ALICE,
    ),
  reserve: ({ registry }, scopeId, n) =>
    registry.reserveKey({ scopeId, hsmToken: 'primary', hsmId: hsmId(100 + n) }, 1, ALICE),
  abandon: ({ registry }, scopeId, n) =>
    registry.abandonKey({ scopeId, hsmToken: 'primary', hsmId: hsmId(100 + n) }, 'cut short', ALICE),
  sign: ({ changes }) => changes.signPending(),
} as const satisfies Record<string, (front: Front, scopeId: ScopeId, n: number) => Promise<unknown>>;

function compromiseOf(scopeId: ScopeId) {
  const scope = scopeSample(scopeId);
  const n = scopeId === 'payments' ? 1 : 3;
  const before = keySample(scope, n, { state: 'active', signFrom: scope.createdAt });
  const after = {
    ...before,
    state: 'compromised',
    times: { ...NO_TIMES, compromised: 1_760_000_100 },
  } as const;
  const act = { type: 'key.compromised', actor: ALICE, subject: `key:${before.kid}`, details: {} };
  return [[{ before, after }], act] as const;
}

type Step = readonly [front: 0 | 1, act: keyof typeof ACTS, scopeId: ScopeId, n: number];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(0, 1),
  fc.constantFrom(...(Object.keys(ACTS) as (keyof typeof ACTS)[])),
  fc.constantFrom(...SCOPES),
  fc.nat({ max: 2 }),
);

interface Turn {
  readonly isHsmAway: boolean;
  /** Of the first front, which is told nothing of its commits. */
  readonly isAnswerLost: boolean;
  /** Of the second. */
  readonly isReplicated: boolean;
  /** Begun together. */
  readonly steps: readonly Step[];
}
const turns: fc.Arbitrary<readonly Turn[]> = fc.array(
  fc.record({
    isHsmAway: fc.boolean(),
    isAnswerLost: fc.boolean(),
    isReplicated: fc.boolean(),
    steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

function begin([ours, theirs]: readonly [Front, Front], turn: Omit<Turn, 'steps'>): void {
  for (const { hsm } of [ours, theirs]) hsm.isAway = turn.isHsmAway;
  ours.writer.isLost = turn.isAnswerLost;
  theirs.writer.isReplicated = turn.isReplicated;
}

async function take(fronts: readonly Front[], [which, act, scopeId, n]: Step): Promise<void> {
  const front = fronts[which];
  if (!front) throw new Error(`there is no front ${which}`);
  try {
    await ACTS[act](front, scopeId, n);
  } catch (error) {
    const code = error instanceof KeywardError ? error.code : String(error);
    if (!ANSWERS.has(code)) throw error;
  }
}

async function followed(front: Front): Promise<ReturnType<Front['memory']>> {
  while (!(await front.follow()));
  return front.memory();
}

async function walked(store: TestStores, { changes }: Front): Promise<unknown[]> {
  const walk = new RegistryWalk(store.reader, changes);
  const found: unknown[] = [];
  for (let at = 0; at < ROUND; at += 1) found.push(...(await walk.step()));
  return found;
}

it('two fronts that change one registry as they like have what a start has, once each has followed', async () => {
  const check = fc.asyncProperty(turns, async (history) => {
    const { store } = await provisionRegistry();
    const fronts = [await openFront(store), await openFront(store)] as const;
    for (const turn of history) {
      begin(fronts, turn);
      await Promise.all(turn.steps.map((each) => take(fronts, each)));
    }
    begin(fronts, { isHsmAway: false, isAnswerLost: false, isReplicated: true });
    for (const { changes } of fronts) await changes.signPending();
    const [ours, theirs] = [await followed(fronts[0]), await followed(fronts[1])];
    const fresh = await openFront(store);
    expect(fresh.refused).toEqual([]);
    expect(ours).toEqual(fresh.memory());
    expect(theirs).toEqual(fresh.memory());
    expect([...(await walked(store, fronts[0])), ...(await walked(store, fronts[1]))]).toEqual([]);
    await store.close();
  });
  await fc.assert(check, { numRuns: ON_POSTGRES ? 8 : 25, endOnFailure: true });
});
