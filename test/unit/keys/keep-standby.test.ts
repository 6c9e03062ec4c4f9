import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type {
  NewKey,
  Registry,
  ReservedKey,
  UnfinishedKey,
  UnfinishedWork,
} from '../../../src/kernel/registry.ts';
import type { KeyReference, KeySpecification, Signer, TokenDescription } from '../../../src/kernel/signer.ts';
import { createStandbyKeeper } from '../../../src/keys/keep-standby.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { createBindingKeys } from '../../../src/keys/registry-key.ts';
import { KeyedMutex } from '../../../src/lib/mutex.ts';
import { composeKeyProof } from '../../../src/token/key-proof.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const KEYWARD = { operatorId: 'keyward', requestId: null };
const scope = aScope({ id: 'payments' });
const active = aSigningKey(scope, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 1_000 });
const made = softwareKey('ES256');
const TOKEN: TokenDescription = {
  label: 'test',
  serial: '42',
  manufacturer: 'Acme',
  model: 'HSM 2',
  firmware: '2.6',
  algorithms: ['ES256'],
  sessions: 1,
  mechanisms: [],
};

let ring: KeyRingKeeper;
let steps: string[];
let reserved: UnfinishedKey[];
/** What the step of that name fails with. */
let failing: Map<string, Error>;
let proven: boolean;
/** Whether the key signs what the HSM shows of it. */
let shows: boolean;
let completed: NewKey | undefined;
/** HSM ids that another process is at. */
let underWay: Set<string>;
let asked: UnfinishedWork[];

beforeEach(() => {
  ring = createKeyRing();
  ring.put({ scopes: [scope], keys: [active] });
  steps = [];
  reserved = [];
  failing = new Map();
  proven = true;
  shows = true;
  completed = undefined;
  underWay = new Set();
  asked = [];
});

function step(name: string): void {
  steps.push(name);
  const failure = failing.get(name);
  if (failure) throw failure;
}

const proof = () => ({ kid: made.kid, proven, found: true, attributes: {}, unproven: [] });
const signer = {
  generate: async (specification: KeySpecification) => {
    step('generate');
    const { hsmId } = specification;
    expect(reserved.at(-1)).toMatchObject({ scopeId: 'payments', hsmToken: 'primary', hsmId });
    return { kid: made.kid, publicJwk: made.publicJwk, proof: { ...proof(), proven: true } };
  },
  serveAlso: async (keys: readonly { kid: string }[]) => {
    step('serve');
    return keys.map(({ kid }) => ({ ...proof(), kid, proven: kid === made.kid ? proven : true }));
  },
  release: async () => step('release'),
  prove: async ({ kid, hsmId, bindingRecord }: KeyReference, nonce: string) => {
    step('prove');
    const signingInput = composeKeyProof({
      kid,
      algorithm: 'ES256',
      hsmId,
      bindingRecord,
      attributes: { CKA_EXTRACTABLE: false },
      mechanism: { name: 'CKM_ECDSA', number: 0x1041 },
      token: TOKEN,
      nonce,
      iat: NOW,
    });
    const statement = `${signingInput}.${made.sign(signingInput).toString('base64url')}`;
    return { proof: proof(), token: TOKEN, statement: shows ? statement : null };
  },
  discard: async ({ hsmId }: { readonly hsmId: string }) => {
    step('discard');
    const failure = failing.get(`discard ${hsmId}`);
    if (failure) throw failure;
  },
} as Partial<Signer> as Signer;
const registry = {
  reserveKey: async (reservation: ReservedKey, since: number) => {
    step('reserve');
    reserved.push({ ...reservation, since });
  },
  completeKey: async (witnessed: NewKey) => {
    step('complete');
    completed = witnessed;
    reserved = [];
    putKeys(ring, 'payments', [{ ...witnessed.key, publicKey: made.publicKey }]);
    step('answer');
  },
  abandonKey: async (reservation: ReservedKey, why: string) => {
    step(`abandon: ${why}`);
    reserved = reserved.filter(({ hsmId }) => hsmId !== reservation.hsmId);
  },
  reservedKeys: async () => reserved,
} as Partial<Registry> as Registry;

const keeper = () =>
  createStandbyKeeper({
    signer,
    registry,
    keyRing: ring,
    leadership: {
      isAbandoned: (work) => {
        asked.push(work);
        return !underWay.has(work.id);
      },
    },
    turns: new KeyedMutex(),
    clock: { nowSeconds: () => NOW },
    bindingKeys: createBindingKeys({
      ...made,
      kid: 'r',
      sign: async (input) => `${input}.c2ln`,
    }),
  });

const THEIRS = { scopeId: 'payments', hsmToken: 'primary', hsmId: 'theirs', since: NOW - 60 };
const MAKING = ['reserve', 'generate', 'serve', 'prove', 'complete', 'answer'];

describe('a scope without a standby', () => {
  it('is given one: reserved, made, proven, stored, published', async () => {
    const { provide } = keeper();
    expect(await provide('payments', KEYWARD)).toMatchObject({ kid: made.kid, state: 'pre_activation' });
    expect(steps).toEqual(MAKING);
    expect(completed?.proof).toMatchObject({
      kid: made.kid,
      attributes: { CKA_EXTRACTABLE: false },
      token: { label: 'test', serial: '42' },
    });
    expect(ring.keysOf('payments').map(({ kid }) => kid)).toContain(made.kid);
    expect(ring.scope('payments')?.keySetVersion).toBe(2);
    expect(await provide('payments', KEYWARD)).toBeUndefined();
    expect(steps).toEqual(MAKING);
  });

  it('gets one standby, however often it is asked for at once', async () => {
    const { provide } = keeper();
    const provided = await Promise.all([1, 2, 3].map(() => provide('payments', KEYWARD)));
    expect(provided.filter((key) => key !== undefined)).toHaveLength(1);
    expect(steps).toEqual(MAKING);
  });

  it.each([
    ['generate', ['reserve', 'generate', 'release', 'discard', 'abandon: hsm_unavailable']],
    ['complete', [...MAKING.slice(0, 5), 'release', 'discard', 'abandon: hsm_unavailable']],
  ])('leaves nothing behind where it fails to %s', async (name, expected) => {
    failing.set(name, new KeywardError('hsm_unavailable', 'away'));
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect(steps).toEqual(expected);
    expect(ring.keysOf('payments')).toEqual([active]);
  });

  it('keeps a standby of which only the answer was lost', async () => {
    failing.set('answer', new KeywardError('store_unavailable', 'away'));
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(steps).toEqual(MAKING);
    expect(ring.keyNamed(made.kid)?.state).toBe('pre_activation');
  });

  it('gets no key that the HSM cannot prove', async () => {
    proven = false;
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'key_unproven' });
    expect(ring.knownKeysOf('payments').map(({ key }) => key)).toEqual([active]);
    expect(reserved).toEqual([]);
  });

  it('gets no key that does not sign what the HSM shows of it', async () => {
    shows = false;
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'key_unproven' });
    expect(steps).toEqual([...MAKING.slice(0, 4), 'release', 'discard', 'abandon: key_unproven']);
    expect(ring.keysOf('payments')).toEqual([active]);
  });

  it('goes on from what an attempt that was cut short has left', async () => {
    const { provide } = keeper();
    failing.set('generate', new KeywardError('hsm_unavailable', 'away'));
    failing.set('discard', new KeywardError('hsm_unavailable', 'away'));
    await expect(provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect(reserved).toHaveLength(1);
    failing.clear();
    steps = [];
    await provide('payments', KEYWARD);
    expect(steps).toEqual(['release', 'discard', 'abandon: cut short', ...MAKING]);
  });

  it('gets one though the signer does not destroy what another left, but not while the HSM is away', async () => {
    reserved = [THEIRS];
    failing.set('discard', new KeywardError('hsm_unavailable', 'away'));
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    failing.set('discard', new KeywardError('hsm_refused', 'the signer did not make it'));
    expect(await keeper().provide('payments', KEYWARD)).toMatchObject({ kid: made.kid });
  });

  it('leaves a reservation alone that another process is at', async () => {
    reserved = [THEIRS];
    underWay.add('theirs');
    failing.set('generate', new KeywardError('hsm_unavailable', 'away'));
    await expect(keeper().provide('payments', KEYWARD)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    expect(reserved).toEqual([THEIRS]);
    expect(asked).toEqual([{ kind: 'key', id: 'theirs', since: NOW - 60 }]);
  });
});

describe('what attempts that were cut short left', () => {
  const OTHERS = { ...THEIRS, hsmId: 'others', hsmToken: 'second' };

  it('is undone by itself, but for what another process is at', async () => {
    reserved = [THEIRS, OTHERS];
    underWay.add('theirs');
    expect(await keeper().rollBack(KEYWARD)).toEqual(['others']);
    expect(reserved).toEqual([THEIRS]);
    underWay.clear();
    expect(await keeper().rollBack(KEYWARD)).toEqual(['theirs']);
    expect(reserved).toEqual([]);
    steps = [];
    expect([await keeper().rollBack(KEYWARD), steps]).toEqual([[], []]);
  });

  it('is undone but for what cannot be', async () => {
    reserved = [THEIRS, OTHERS];
    failing.set('discard theirs', new KeywardError('hsm_refused', 'the signer did not make it'));
    await expect(keeper().rollBack(KEYWARD)).rejects.toMatchObject({ code: 'hsm_refused' });
    expect(reserved).toEqual([THEIRS]);
  });

  it('is no key that is being made here', async () => {
    const { provide, rollBack } = keeper();
    const made = provide('payments', KEYWARD);
    const undone = rollBack(KEYWARD);
    expect(await made).toBeDefined();
    await undone;
    expect(steps).toEqual(MAKING);
  });
});
