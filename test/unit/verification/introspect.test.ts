import { describe, expect, it } from 'vitest';
import { introspect } from '../../../src/verification/introspect.ts';
import { CORPUS } from '../../corpus/corpus.ts';
import { type Departure, forge } from '../../corpus/forge.ts';
import { createWorld, NOW } from '../../corpus/world.ts';
import { judgingVerifier } from '../../support/judging-verifier.ts';

const world = createWorld();
const verifier = judgingVerifier({ keyRing: world.keyRing, clock: { nowSeconds: () => NOW } });
const ask = (departure: Departure = {}, scopeId = 'payments') =>
  introspect(verifier, scopeId, forge(world, 'ES256', departure) as string);
const plain = {
  active: true,
  token_type: 'Bearer',
  iss: 'https://login.example.com',
  aud: 'https://payments.example.com',
  iat: NOW,
  nbf: NOW - 30,
  exp: NOW + 300,
  jti: 'b1mlLCdsGzQ5Sw1f9aYOMA',
  client_id: 'checkout',
  sub: 'user-17',
};

describe('introspection', () => {
  it('tells what RFC 7662 §2.2 names', async () => {
    expect(await ask()).toEqual(plain);
    expect(await ask({ claims: { scope: 'read write', username: 'ada' } })).toEqual({
      ...plain,
      scope: 'read write',
      username: 'ada',
    });
  });

  it('tells no other claim', async () => {
    expect(await ask({ claims: { email: 'ada@example.com', active: false, token_type: 'mac' } })).toEqual(
      plain,
    );
  });

  it('leaves out what is not there, or not of the right form', async () => {
    const { nbf, ...rest } = plain;
    expect(await ask({ claims: { nbf: undefined, scope: ['read'], username: 7, cnf: 'x' } })).toEqual(rest);
  });

  it('writes the one audience as text', async () => {
    expect(await ask({ claims: { aud: ['https://payments.example.com'] } })).toEqual(plain);
  });

  it('tells which key the holder must prove to have', async () => {
    const cnf = { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' };
    expect(await ask({ claims: { cnf } })).toEqual({ ...plain, token_type: 'DPoP', cnf });
    const certificate = { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' };
    expect(await ask({ claims: { cnf: certificate } })).toEqual({ ...plain, cnf: certificate });
  });

  it('answers all that is not valid alike', async () => {
    for (const { how, algorithm, expected } of CORPUS) {
      if (expected === 'valid') continue;
      const token = forge(world, algorithm, typeof how === 'function' ? how(world) : how) as string;
      expect(await introspect(verifier, world.scopeOf(algorithm).id, token)).toEqual({ active: false });
    }
  });

  it('answers a token of another scope like an unknown one', async () => {
    expect(await ask({}, 'mail')).toEqual({ active: false });
  });

  it('fails where the scope does not exist', async () => {
    await expect(ask({}, 'nowhere')).rejects.toMatchObject({ code: 'unknown_scope' });
  });
});
