import { beforeEach, describe, expect, it } from 'vitest';
import { CanaryIndex } from '../../../src/canaries/canary-index.ts';
import { CanaryService } from '../../../src/canaries/service.ts';
import type { AuditEvent } from '../../../src/kernel/audit.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { TokenRequest } from '../../../src/kernel/issuance.ts';
import type { UnfinishedWork } from '../../../src/kernel/registry.ts';
import type { CanaryKey, CanaryKeys } from '../../../src/keys/canary-keys.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { canarySample } from '../../support/canary-samples.ts';
import { followed, unchanging } from '../../support/followed.ts';
import { SOLE_OWNER } from '../../support/leadership.ts';
import { NOON, openTestStore, type TestStores } from '../../support/open-test-store.ts';
import { ALICE } from '../../support/registry-samples.ts';

const MADE = { kid: 'k1', publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } } as const;
const KEY = { kind: 'key', planted: 'the HSM', scopeId: 'payments' } as const;
const TOKEN = {
  kind: 'token',
  planted: 'a wiki',
  scopeId: 'payments',
  clientId: 'web',
  claims: { sub: 'nobody' },
  ttlSeconds: 60,
} as const;
const away = new KeywardError('hsm_unavailable', 'away');

let store: TestStores;
let index: CanaryIndex;
let steps: string[];
let audited: AuditEvent[];
let failing: Partial<Record<'make' | 'destroy' | 'revoke', Error>>;
let service: CanaryService;
let hsmIds: string[];

beforeEach(async () => {
  store = (await openTestStore()).store;
  index = new CanaryIndex(store.canaries);
  steps = [];
  audited = [];
  failing = {};
  hsmIds = [];
  service = deskWith(index);
});

function deskWith(of: CanaryIndex): CanaryService {
  const step = (name: keyof typeof failing, detail: string) => {
    steps.push(`${name} ${detail}`);
    if (failing[name]) throw failing[name];
  };
  const keys: CanaryKeys = {
    place: () => ({ hsmToken: 'primary', hsmId: hsmIds.shift() ?? 'ab' }),
    async make(scopeId, { hsmId }) {
      step('make', `${scopeId} ${hsmId} on record: ${followed(store.canaries).length}`);
      return MADE;
    },
    destroy: async ({ hsmId, made }: CanaryKey) =>
      step('destroy', `${hsmId} ${made?.kid ?? 'what is there'}`),
  };
  return new CanaryService({
    store: store.canaries,
    index: of,
    keys,
    issuer: {
      async issue(request) {
        const { scopeId, clientId, claims } = request as TokenRequest;
        steps.push(`issue ${scopeId} ${clientId} ${claims.sub}`);
        return { token: 'h.c.s', kid: 'k', jti: 'j1', iat: 1, exp: 9, canRelease: () => true };
      },
    },
    revocations: { revokeToken: async ({ scopeId, jti, exp }) => step('revoke', `${scopeId} ${jti} ${exp}`) },
    audit: { record: async (event) => void audited.push(event) },
    clock: NOON,
  });
}

describe('a decoy token', () => {
  it('is issued and revoked before it is answered, and known from then on', async () => {
    const { canary, token } = await service.create(TOKEN, ALICE);
    expect(token).toBe('h.c.s');
    expect(steps).toEqual(['issue payments web nobody', 'revoke payments j1 9']);
    expect(canary).toMatchObject({ kind: 'token', scopeId: 'payments', digest: digestOf('h.c') });
    expect([index.ofDigest(digestOf('h.c')), followed(store.canaries)]).toEqual([canary, [canary]]);
  });

  it('is handed to nobody where it could not be revoked', async () => {
    failing = { revoke: away };
    await expect(service.create(TOKEN, ALICE)).rejects.toBe(away);
    expect([index.all(), followed(store.canaries)]).toEqual([[], []]);
  });
});

describe('a decoy key', () => {
  it('is on record before it is made', async () => {
    const { canary } = await service.create(KEY, ALICE);
    expect(steps).toEqual(['make payments ab on record: 1']);
    expect(canary.key).toEqual({ hsmToken: 'primary', hsmId: 'ab', made: MADE });
    expect([index.ofKid('k1'), followed(store.canaries)]).toEqual([canary, [canary]]);
  });

  it('that could not be made is cleared away, and stays on record as retired', async () => {
    failing = { make: away };
    await expect(service.create(KEY, ALICE)).rejects.toBe(away);
    expect(steps.at(-1)).toBe('destroy ab what is there');
    expect(followed(store.canaries)).toMatchObject([{ retiredAt: NOON.nowSeconds(), key: { made: null } }]);
  });

  it('that was cut short is cleared away at the next start, and none that another process is at', async () => {
    failing = { make: away, destroy: away };
    await expect(service.create(KEY, ALICE)).rejects.toMatchObject({ code: 'hsm_unavailable' });
    const cut = canarySample({
      id: 'cut',
      kind: 'key',
      digest: null,
      key: { hsmToken: 'primary', hsmId: 'cd', made: null },
    });
    await store.canaries.add(cut, ALICE);
    await store.canaries.add(canarySample({ id: 'credential' }), ALICE);
    failing = {};
    steps = [];
    const asked: UnfinishedWork[] = [];
    const isAbandoned = (work: UnfinishedWork) => asked.push(work) === 0;
    await deskWith(new CanaryIndex(store.canaries)).rollBack({ isAbandoned }, ALICE);
    expect([steps, asked]).toEqual([[], [{ kind: 'canary', id: 'cut', since: cut.createdAt }]]);
    await deskWith(new CanaryIndex(store.canaries)).rollBack(SOLE_OWNER, ALICE);
    expect(steps).toEqual(['destroy cd what is there']);
    expect(followed(store.canaries).filter(({ retiredAt }) => retiredAt === null)).toMatchObject([
      { id: 'credential' },
    ]);
  });

  it('that is being made here is not cut short', async () => {
    const creating = service.create(KEY, ALICE);
    await service.rollBack(SOLE_OWNER, ALICE);
    expect((await creating).canary.key?.made).toEqual(MADE);
    expect(steps).toEqual(['make payments ab on record: 1']);
  });

  it('is destroyed when it is retired, once more where the HSM was away', async () => {
    const { canary } = await service.create(KEY, ALICE);
    failing = { destroy: away };
    await expect(service.retire(canary.id, ALICE)).rejects.toBe(away);
    failing = {};
    const retired = await service.retire(canary.id, ALICE);
    expect(steps.slice(-2)).toEqual(['destroy ab k1', 'destroy ab k1']);
    expect([retired.retiredAt, index.ofKid('k1')]).toEqual([NOON.nowSeconds(), undefined]);
  });
});

describe('decoys', () => {
  it('are told of once it is written down who looks', async () => {
    const { canary } = await service.create(
      { kind: 'credential', planted: 'x', digest: Buffer.alloc(32) },
      ALICE,
    );
    expect(await service.list(ALICE)).toEqual([canary]);
    expect(await service.show(canary.id, ALICE)).toEqual(canary);
    await expect(service.show('nothing', ALICE)).rejects.toMatchObject({ code: 'unknown_canary' });
    expect(audited.map(({ type, actor, subject }) => [type, actor, subject])).toEqual([
      ['canaries.listed', 'alice', 'canaries'],
      ['canary.shown', 'alice', `canary:${canary.id}`],
      ['canary.shown', 'alice', 'canary:nothing'],
    ]);
  });

  it('are bounded: a thousand that stand, eight keys among them', async () => {
    const many = (count: number, kind: 'key' | 'credential') =>
      Array.from({ length: count }, (_, at) => canarySample({ id: `${kind}${at}`, kind }));
    const refused = { code: 'invalid_canary' };
    await expect(
      deskWith(new CanaryIndex(unchanging(many(8, 'key')))).create(KEY, ALICE),
    ).rejects.toMatchObject(refused);
    await deskWith(new CanaryIndex(unchanging(many(8, 'key')))).create(TOKEN, ALICE);
    await expect(
      deskWith(new CanaryIndex(unchanging(many(1_000, 'credential')))).create(TOKEN, ALICE),
    ).rejects.toMatchObject(refused);
    const [retired, ...standing] = many(8, 'key');
    const gone = { ...canarySample(retired), retiredAt: 20 };
    await deskWith(new CanaryIndex(unchanging([gone, ...standing]))).create(KEY, ALICE);
  });
});

describe('canaries that are asked for at once', () => {
  it('are made one after another, so that 8 decoy keys are 8', async () => {
    hsmIds = Array.from({ length: 24 }, (_, n) => `a${n}`);
    const outcomes = await Promise.allSettled(Array.from({ length: 24 }, () => service.create(KEY, ALICE)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(8);
    expect(outcomes.slice(8)).toEqual(
      Array.from({ length: 16 }, () => ({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'invalid_canary' }),
      })),
    );
    expect(steps.filter((each) => each.startsWith('make'))).toHaveLength(8);
    expect((await service.create(TOKEN, ALICE)).token).toBe('h.c.s');
  });

  it('give their place back where they fail', async () => {
    failing = { make: away };
    hsmIds = Array.from({ length: 8 }, (_, n) => `a${n}`);
    await Promise.allSettled(Array.from({ length: 8 }, () => service.create(KEY, ALICE)));
    failing = {};
    expect((await service.create(KEY, ALICE)).canary.kind).toBe('key');
  });
});
