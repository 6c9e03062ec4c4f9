import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { folderOfTest } from '../../support/folder-of-test.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/wycheproof.ts', import.meta.url));
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** A file of vectors in Wycheproof's form, with those verdicts on a right signature and a wrong one. */
function vectors(onRight: string, onWrong: string): string {
  const folder = folderOfTest();
  const msg = Buffer.from('123400');
  const sig = sign('sha256', msg, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const test = (tcId: number, signature: Buffer, result: string) => ({
    tcId,
    comment: 'made here',
    msg: msg.toString('hex'),
    sig: signature.toString('hex'),
    result,
  });
  const tests = [test(1, sig, onRight), test(2, Buffer.concat([sig, Buffer.alloc(1)]), onWrong)];
  const publicKeyDer = publicKey.export({ type: 'spki', format: 'der' }).toString('hex');
  const file = { testGroups: [{ publicKeyDer, tests }] };
  writeFileSync(join(folder, 'ecdsa_secp256r1_sha256_p1363_test.json'), JSON.stringify(file));
  return folder;
}

const run = (...argv: string[]) => spawnSync(process.execPath, [SCRIPT, ...argv], { encoding: 'utf8' });

it('agrees with vectors that are right', () => {
  const { status, stdout } = run(vectors('valid', 'invalid'));
  expect(stdout).toMatch(/ecdsa_secp256r1_sha256_p1363_test\.json +ES256 +2 +0 +0/);
  expect(status).toBe(0);
});

it.each([
  ['invalid', 'invalid', '1 (made here) is invalid there, and verifies'],
  ['valid', 'valid', '2 (made here) is valid there, and is refused'],
])('ends with 1 where it judges otherwise than %s and %s', (onRight, onWrong, said) => {
  const { status, stdout } = run(vectors(onRight, onWrong));
  expect(stdout).toContain(said);
  expect(status).toBe(1);
});

it('says what it wants', () => {
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining('testvectors_v1') });
  expect(run(folderOfTest()).status).toBe(1);
});
