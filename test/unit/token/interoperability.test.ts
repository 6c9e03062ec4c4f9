import { importJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { ALGORITHM_NAMES } from '../../../src/kernel/algorithm.ts';
import { composeSigningInput } from '../../../src/token/signing-input.ts';
import { softwareKey } from '../../support/software-keys.ts';

describe.each(ALGORITHM_NAMES)('a token of ours with %s', (alg) => {
  it('is good for jose', async () => {
    const key = softwareKey(alg);
    const header = { alg, typ: 'at+jwt', kid: key.kid };
    const signingInput = composeSigningInput(header, '{"sub":"Ż🔑"}');
    const token = `${signingInput}.${key.sign(signingInput).toString('base64url')}`;
    const { payload, protectedHeader } = await jwtVerify(token, await importJWK({ ...key.publicJwk }, alg));
    expect({ payload, protectedHeader }).toEqual({ payload: { sub: 'Ż🔑' }, protectedHeader: header });
  });
});
