import { beforeEach, describe, expect, it } from 'vitest';
import { type ErrorCode, KeywardError } from '../../../src/kernel/errors.ts';
import type { PlacedKey, Signer, TokenSigner } from '../../../src/kernel/signer.ts';
import { createSignerRouter } from '../../../src/signer/signer-router.ts';

const key = (kid: string, hsmToken: string): PlacedKey => ({ kid, hsmToken, hsmId: kid, bindingRecord: kid });
const KEYS = [key('k1', 'primary'), key('k2', 'b')];

let asked: string[];
let failing: Map<string, unknown>;
let router: Signer;

function token(name: string): TokenSigner {
  const step = (what: string) => {
    asked.push(`${name} ${what}`);
    if (failing.has(name)) throw failing.get(name);
  };
  return {
    sign: async ({ kid }) => {
      step(`sign ${kid}`);
      return Buffer.from(name);
    },
    serve: async (keys) => {
      step(`serve ${keys.map(({ kid }) => kid).join(' ')}`);
      return keys.map(({ kid }) => ({ kid, proven: true, found: true, attributes: {}, unproven: [] }));
    },
    serveAlso: async (keys) => {
      step(`serve also ${keys.map(({ kid }) => kid).join(' ')}`);
      return keys.map(({ kid }) => ({ kid, proven: true, found: true, attributes: {}, unproven: [] }));
    },
    release: async (hsmIds) => step(`release ${hsmIds.join(' ')}`),
    discard: async ({ hsmId }) => step(`discard ${hsmId}`),
    destroy: async ({ kid }) => step(`destroy ${kid}`),
  } as Partial<TokenSigner> as TokenSigner;
}

const away = (code: ErrorCode) => new KeywardError(code, 'away');
const proven = async (hsmToken?: string) => (await router.serve(KEYS, hsmToken)).map(({ kid }) => kid);

beforeEach(() => {
  asked = [];
  failing = new Map();
  const signers = new Map([
    ['primary', token('primary')],
    ['b', token('b')],
  ]);
  router = createSignerRouter(signers, new Map([['binding', 'b']]));
});

describe('a signer for several HSM tokens', () => {
  it('asks the token that a call names', async () => {
    await router.discard({ hsmToken: 'b', hsmId: 'id' });
    await router.destroy({ hsmToken: 'primary', hsmId: 'id', kid: 'k1', bindingRecord: null });
    expect(asked).toEqual(['b discard id', 'primary destroy k1']);
  });

  it('signs where the key was last served, and with the service’s own keys where they are', async () => {
    await router.serve(KEYS);
    for (const kid of ['k1', 'k2', 'binding', 'registry']) await router.sign({ kid, signingInput: '' });
    await router.serve([key('k2', 'primary')]);
    await router.sign({ kid: 'k2', signingInput: '' });
    expect(asked.filter((line) => line.includes(' sign '))).toEqual([
      'primary sign k1',
      'b sign k2',
      'b sign binding',
      'primary sign registry',
      'primary sign k2',
    ]);
  });

  it('serves on every token what lies there, or on one alone', async () => {
    expect(await proven()).toEqual(['k1', 'k2']);
    expect(await proven('b')).toEqual(['k2']);
    expect(asked).toEqual(['primary serve k1', 'b serve k2', 'b serve k2']);
  });

  it('signs with a key that is served also where it is, and as before once it is released', async () => {
    await router.serve(KEYS);
    await router.serveAlso([key('k3', 'b'), key('k4', 'primary')], 'b');
    for (const kid of ['k2', 'k3', 'k4']) await router.sign({ kid, signingInput: '' });
    await router.release(['k3'], 'b');
    for (const kid of ['k2', 'k3']) await router.sign({ kid, signingInput: '' });
    expect(asked.slice(2)).toEqual([
      'b serve also k3',
      'b sign k2',
      'b sign k3',
      'primary sign k4',
      'b release k3',
      'b sign k2',
      'primary sign k3',
    ]);
  });

  it('serves on the others while one is away, whichever', async () => {
    failing.set('b', away('hsm_unavailable'));
    expect(await proven()).toEqual(['k1']);
    failing = new Map([['primary', away('pin_latched')]]);
    expect(await proven()).toEqual(['k2']);
    await expect(proven('primary')).rejects.toMatchObject({ code: 'pin_latched' });
  });

  it('fails where all are away, and where one fails otherwise', async () => {
    failing = new Map([
      ['primary', away('hsm_unavailable')],
      ['b', away('pin_latched')],
    ]);
    await expect(proven()).rejects.toMatchObject({ code: 'hsm_unavailable' });
    failing = new Map([['b', away('invalid_request')]]);
    await expect(proven()).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('knows no other token', async () => {
    await expect(router.describe('c')).rejects.toMatchObject({
      code: 'unknown_hsm_token',
      message: 'there is no HSM token of this name; use one of primary, b',
    });
    expect(router.tokens).toEqual(['primary', 'b']);
  });
});
