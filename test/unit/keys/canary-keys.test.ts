import { beforeEach, describe, expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { NO_TIMES } from '../../../src/kernel/key.ts';
import { canaryLabel } from '../../../src/kernel/scope.ts';
import { createCanaryKeys } from '../../../src/keys/canary-keys.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { KeyedMutex } from '../../../src/lib/mutex.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const scope = { ...aScope({ id: 'payments' }), hsmToken: 'issuer-b' };
const { kid, publicJwk } = softwareKey('ES256');
const PLACE = { hsmToken: 'issuer-b', hsmId: 'ab' };

let asked: unknown[];
let keyRing: KeyRingKeeper;

beforeEach(() => {
  asked = [];
  keyRing = createKeyRing();
});

function canaryKeys() {
  return createCanaryKeys({
    signer: {
      async generate(specification) {
        asked.push(['generate', specification]);
        const proof = { kid, proven: true, found: true, attributes: {}, unproven: [] };
        return { kid, publicJwk, proof };
      },
      discard: async (key) => void asked.push(['discard', key]),
      destroy: async (key) => void asked.push(['destroy', key]),
    },
    keyRing,
    turns: new KeyedMutex(),
  });
}

describe('a decoy key', () => {
  it('is placed where the next key of the scope would be, under an id of its own', () => {
    keyRing.put({ scopes: [scope], keys: [] });
    const places = [canaryKeys().place('payments'), canaryKeys().place('payments')];
    expect(places.map(({ hsmToken }) => hsmToken)).toEqual(['issuer-b', 'issuer-b']);
    expect(new Set(places.map(({ hsmId }) => hsmId)).size).toBe(2);
    expect(places[0]?.hsmId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is made as the keys of the scope are, with a label of its own', async () => {
    keyRing.put({ scopes: [scope], keys: [] });
    expect(await canaryKeys().make('payments', { ...PLACE, made: null })).toEqual({ kid, publicJwk });
    const { algorithm, modulusBits } = scope;
    expect(asked).toEqual([
      ['generate', { ...PLACE, label: canaryLabel(PLACE.hsmId), algorithm, modulusBits }],
    ]);
  });

  it('is destroyed by its public key, and what is left of a making by its id', async () => {
    await canaryKeys().destroy({ ...PLACE, made: { kid, publicJwk } });
    await canaryKeys().destroy({ ...PLACE, made: null });
    expect(asked).toEqual([
      ['destroy', { ...PLACE, kid, bindingRecord: null }],
      ['discard', PLACE],
    ]);
  });

  it('is made for no scope that is not there, and on no HSM token that is compromised', () => {
    expect(() => canaryKeys().place('payments')).toThrow(KeywardError);
    const key = aSigningKey(scope, softwareKey('ES256'), { signFrom: 1, signUntil: 9, state: 'compromised' });
    const times = { ...NO_TIMES, compromised: 5, tokenCompromised: 5 };
    keyRing.put({ scopes: [scope], keys: [{ ...key, hsmToken: 'issuer-b', times }] });
    expect(() => canaryKeys().place('payments')).toThrow(
      expect.objectContaining({ code: 'hsm_token_compromised' }),
    );
  });
});
