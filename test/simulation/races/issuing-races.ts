import fc, { type Scheduler } from 'fast-check';
import { createTokenIssuer, type IssuingDeps } from '../../../src/issuance/issue-token.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { IssuedToken, Ledger } from '../../../src/kernel/issuance.ts';
import { createKeyAdministration } from '../../../src/keys/administer-keys.ts';
import { IssuanceLock } from '../../../src/keys/key-administration.ts';
import { createKeyChanges } from '../../../src/keys/key-changes.ts';
import { createLedger } from '../../../src/ledger/durable-ledger.ts';
import { ACTOR, type ComposedService, definitionOf } from '../composed-service.ts';
import { isSignedBy } from '../rehearsed-service.ts';
import { Interleaving } from './interleaving.ts';
import { EVERY_TOKEN, RaceJudge } from './race-judge.ts';

const ACTS = ['rotate', 'compromise', 'suspend', 'revoke client', 'remove grant', 'revoke tokens'] as const;

/** What becomes of a commit: durable and told so, not written, or durable while whoever asked is told otherwise. */
type Fate = 'durable' | 'refused' | 'in doubt';

export interface Race {
  /** A token of a batch waits for the others when it is ready. */
  readonly requests: readonly { readonly inBatch: boolean }[];
  /** Of the records in turn. */
  readonly fates: readonly Fate[];
  readonly acts: readonly {
    readonly name: (typeof ACTS)[number];
    /** How many steps it comes later than it might. */
    readonly delay: number;
    readonly fate: Fate;
  }[];
}

const fate = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>('durable') },
  fc.constantFrom<Fate>('refused', 'in doubt'),
);

export const anyRace: fc.Arbitrary<Race> = fc.record({
  requests: fc.array(fc.record({ inBatch: fc.boolean() }), { minLength: 1, maxLength: 4 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 6 }),
  acts: fc.array(fc.record({ name: fc.constantFrom(...ACTS), delay: fc.nat({ max: 10 }), fate }), {
    minLength: 1,
    maxLength: 3,
  }),
});

type Views = Pick<IssuingDeps, 'keyRing' | 'grants' | 'revocations'>;

/** What stands in the place of the service's own, to be found out. */
export interface Planted {
  readonly ledger?: (real: Ledger) => Ledger;
  readonly lock?: Pick<IssuanceLock, 'released'>;
  /** For each request anew. */
  readonly views?: (real: Views) => Views;
  readonly canRelease?: (issued: IssuedToken) => boolean;
}

let races = 0;

/** Issues for a scope of the race's own while people act on it, each step in the scheduler's order. */
export async function run(
  service: ComposedService,
  scheduler: Scheduler,
  { requests, fates, acts }: Race,
  planted: Planted = {},
): Promise<RaceJudge> {
  races += 1;
  const [scopeId, clientId] = [`race-${races}`, `racer-${races}`];
  const { scope } = await service.provisioner.create(definitionOf(scopeId), ACTOR);
  await service.addClient(clientId, [scope.id]);
  const order = new Interleaving(scheduler);
  const judge = new RaceJudge();
  const holds = new IssuanceLock();
  const acting = { service, order, judge, holds, scopeId, clientId };

  const issue = issuing(acting, fates, planted);
  const canRelease = planted.canRelease ?? ((issued) => issued.canRelease());
  const request = async ({ inBatch }: Race['requests'][number]): Promise<void> => {
    await order.step('request');
    const issued = await issue();
    if (inBatch) await order.step('the rest of the batch');
    if (!inBatch || canRelease(issued)) judge.released(issued);
    else judge.counts.heldBack += 1;
  };
  const perform = performing(acting);
  await order.run(Promise.all([...requests.map(request), ...acts.map(perform)].map(doneOrRefused)));
  return judge;
}

interface Acting {
  readonly service: ComposedService;
  readonly order: Interleaving;
  readonly judge: RaceJudge;
  readonly holds: IssuanceLock;
  readonly scopeId: string;
  readonly clientId: string;
}

function issuing(
  { service, order, judge, holds, scopeId, clientId }: Acting,
  fates: Race['fates'],
  { ledger = (real) => real, lock = holds, views = (real) => real }: Planted,
) {
  const { keyRing, grants, revocations, signer, clock } = service;
  let calls = 0;
  const real = createLedger({
    append(record) {
      const fate = fates[calls++ % fates.length] ?? 'durable';
      return order.write('record', async () => {
        await committed(fate, () => judge.recorded(record));
        judge.acknowledged(record);
      });
    },
  });
  return () =>
    createTokenIssuer({
      ...views({ keyRing, grants, revocations }),
      signer: { sign: (request) => order.call('sign', () => signer.sign(request)) },
      checker: { check: (key, token) => order.call('check', async () => isSignedBy(key, token)) },
      ledger: ledger(real),
      holds: lock,
      clock,
    }).issue({ scopeId, clientId, claims: { sub: 'alice' } });
}

function performing(acting: Acting) {
  const { service, order, judge, scopeId, clientId } = acting;
  const { keyRing, clients, revocations } = service;
  return async ({ name, delay, fate }: Race['acts'][number]): Promise<unknown> => {
    for (let steps = 0; steps <= delay; steps += 1) await order.step(name);
    const keys = administration(acting, fate);
    const kid = keyRing.activeKey(scopeId)?.kid ?? '';
    const ending = (how: string, work: () => Promise<unknown>) =>
      order.write(name, () =>
        committed(fate, async () => {
          await work();
          judge.ended(EVERY_TOKEN, how);
        }),
      );
    switch (name) {
      case 'rotate':
        return keys.rotate(scopeId, 'raced', 'operator', ACTOR);
      case 'compromise':
      case 'suspend':
        return keys.perform({ act: name, kid, why: 'raced', cause: 'operator' }, ACTOR);
      case 'revoke client':
        return ending('its client was revoked', () => clients.revoke(clientId, ACTOR));
      case 'remove grant':
        return ending('the grant was removed', () => clients.withdraw(clientId, scopeId, 'sign', ACTOR));
      case 'revoke tokens':
        return ending('it was revoked', () =>
          revocations.revoke({ ...EVERY_TIME, scopeId, clientId }, 'raced', ACTOR),
        );
    }
  };
}

function administration({ service, order, judge, holds }: Acting, fate: Fate) {
  const { keyRing, signer, clock, store } = service;
  const registry: Parameters<typeof createKeyChanges>[0]['registry'] = {
    ...store.registry,
    restrictKeys: (changes, act, may) =>
      order.write(act.type, () =>
        committed(fate, async () => {
          await store.registry.restrictKeys(changes, act, may);
          for (const { before, after } of changes) {
            if (before.state === 'active') judge.ended(after.kid, after.state);
          }
        }),
      ),
  };
  const changes = createKeyChanges({ registry, keyRing, holds });
  return createKeyAdministration({
    registry: store.registry,
    changes,
    keyRing,
    signer,
    clock,
    graceSeconds: 3_600,
    onChanged: () => {},
  });
}

const EVERY_TIME = { jti: null, root: null, issuedFrom: null, issuedUntil: null };

async function committed(fate: Fate, commit: () => Promise<void>): Promise<void> {
  if (fate !== 'refused') await commit();
  if (fate !== 'durable') throw new KeywardError('store_unavailable', 'The disk is full.');
}

/** Refusals are part of a race; whatever else is thrown is not. */
async function doneOrRefused(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof KeywardError) || error.code === 'internal') throw error;
  });
}
