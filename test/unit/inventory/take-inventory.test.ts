import { describe, expect, it } from 'vitest';
import { type CanaryKeysOnToken, createInventories } from '../../../src/inventory/take.ts';
import type { InventoryObject, TokenDescription } from '../../../src/kernel/signer.ts';
import type { PlacedCanaryKey } from '../../../src/keys/canary-keys.ts';
import { createKeyRing } from '../../../src/keys/key-ring.ts';

const TOKEN: TokenDescription = {
  label: 'primary',
  serial: '42',
  manufacturer: 'SoftHSM',
  model: 'v2',
  firmware: '2.6',
  algorithms: ['ES256'],
  sessions: 0,
  mechanisms: [],
};
const decoy: PlacedCanaryKey = { hsmId: 'ab', kid: 'k1', scopeId: 'payments', label: 'kw1.x' };
const PAIR: readonly InventoryObject[] = [
  { class: 'private_key', hsmId: 'ab', label: 'kw1.x', kid: null },
  { class: 'public_key', hsmId: 'ab', label: 'kw1.x', kid: 'k1' },
];
const NONE: CanaryKeysOnToken = { standing: [], going: [] };
const PASSING: CanaryKeysOnToken = { standing: [], going: ['ab'] };
const STANDING: CanaryKeysOnToken = { standing: [decoy], going: [] };

/** What was on record before the token was read, and after. */
async function kindsFound(objects: readonly InventoryObject[], ...records: readonly CanaryKeysOnToken[]) {
  const left = [...records];
  const inventories = createInventories({
    inspect: async () => ({ token: TOKEN, objects, proofs: [] }),
    signer: { tokens: ['primary'], serveAlso: async () => [] },
    keyRing: createKeyRing(),
    registry: {
      unfinishedScopes: async () => [],
      reservedKeys: async () => [],
    },
    ownKeys: () => [],
    canaries: () => left.shift() ?? NONE,
    clock: { nowSeconds: () => 1 },
    graceSeconds: 0,
    onReport: () => {},
  });
  return (await inventories.take('primary')).findings.map(({ kind }) => kind);
}

describe('a decoy key that comes or goes while the token is read', () => {
  it.each([
    ['stood all the time', STANDING, STANDING, [], ['decoy']],
    ['was being made', PASSING, STANDING, [], []],
    ['was put on record meanwhile', NONE, PASSING, [], []],
    ['was put on record and made meanwhile', NONE, STANDING, [], []],
    ['was retired', STANDING, PASSING, [], []],
  ] as const)('that %s', async (_, before, after, whereThere, whereGone) => {
    expect(await kindsFound(PAIR, before, after)).toEqual(whereThere);
    expect(await kindsFound([], before, after)).toEqual(whereGone);
  });

  it('is somebody else’s where nobody has it on record', async () => {
    expect(await kindsFound(PAIR, NONE, NONE)).toEqual(['unexpected']);
  });
});
