import { describe, expect, it } from 'vitest';
import { CanaryIndex } from '../../../src/canaries/canary-index.ts';
import { canariesInInventory } from '../../../src/canaries/triggers.ts';
import { canaryLabel } from '../../../src/kernel/scope.ts';
import { canarySample, heardTriggers } from '../../support/canary-samples.ts';
import { unchanging } from '../../support/followed.ts';
import { aScope } from '../../support/software-keys.ts';

const scope = aScope({ id: 'payments' });
const JWK = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } as const;
const decoy = (id: string, hsmToken: string, isMade: boolean, retiredAt: number | null = null) =>
  canarySample({
    id,
    kind: 'key',
    digest: null,
    scopeId: 'payments',
    retiredAt,
    key: { hsmToken, hsmId: `id-${id}`, made: isMade ? { kid: `kid-${id}`, publicJwk: JWK } : null },
  });

const index = new CanaryIndex(
  unchanging([
    canarySample(),
    decoy('standing', 'primary', true),
    decoy('being-made', 'primary', false),
    decoy('retired', 'primary', true, 20),
    decoy('elsewhere', 'issuer-b', true),
  ]),
);
const { alarm, heard } = heardTriggers();
const inInventory = canariesInInventory(index, alarm, {
  scope: (id) => (id === 'payments' ? scope : undefined),
});

describe('what an inventory knows of decoys', () => {
  it('is how each was left on that HSM token, and which may be there or not', () => {
    expect(inInventory.on('primary')).toEqual({
      standing: [
        { hsmId: 'id-standing', kid: 'kid-standing', scopeId: 'payments', label: canaryLabel('id-standing') },
      ],
      going: ['id-being-made', 'id-retired'],
    });
    expect(inInventory.on('issuer-b')).toEqual({
      standing: [
        {
          hsmId: 'id-elsewhere',
          kid: 'kid-elsewhere',
          scopeId: 'payments',
          label: canaryLabel('id-elsewhere'),
        },
      ],
      going: [],
    });
    expect(inInventory.on('nowhere')).toEqual({ standing: [], going: [] });
  });

  it('is told as a touch of the decoy that it is about, and of none where it was retired meanwhile', () => {
    const finding = { kind: 'decoy', hsmId: 'x', scopeId: 'payments', details: ['gone'] } as const;
    for (const kid of ['kid-standing', 'kid-retired', null]) inInventory.found({ ...finding, kid });
    const touch = { use: 'inventory', caller: null, remote: undefined, requestId: null, details: ['gone'] };
    expect(heard).toEqual([['standing', touch]]);
  });
});
