// npm run wycheproof -- <folder>: shows the signatures of Wycheproof's test vectors to Keyward's own check. The folder is
// `testvectors_v1` of a checkout of github.com/C2SP/wycheproof, or an older copy as BoringSSL has it. Ends with 1 where
// one is judged otherwise than there.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { plainPage, table } from '../src/cli/table.ts';
import type { Algorithm } from '../src/kernel/algorithm.ts';
import { importPublicKey, readPublicJwk } from '../src/token/public-jwk.ts';
import { verifySignatureSync } from '../src/token/signature.ts';

const FILES: readonly (readonly [name: string, algorithm: Algorithm])[] = [
  ['ecdsa_secp256r1_sha256_p1363_test.json', 'ES256'],
  ['ecdsa_secp384r1_sha384_p1363_test.json', 'ES384'],
  ['ed25519_test.json', 'Ed25519'],
  // The same, in copies before the first numbered format.
  ['eddsa_test.json', 'Ed25519'],
  ['rsa_signature_2048_sha256_test.json', 'RS256'],
  ['rsa_signature_3072_sha256_test.json', 'RS256'],
  ['rsa_signature_4096_sha256_test.json', 'RS256'],
  ['rsa_pss_2048_sha256_mgf1_32_test.json', 'PS256'],
  ['rsa_pss_3072_sha256_mgf1_32_test.json', 'PS256'],
  ['rsa_pss_4096_sha256_mgf1_32_test.json', 'PS256'],
];

const hex = z.string().transform((text) => Buffer.from(text, 'hex'));
const vectors = z.object({
  testGroups: z.array(
    z.object({
      publicKeyDer: hex.optional(),
      /** Its name in older copies. */
      keyDer: hex.optional(),
      tests: z.array(
        z.object({
          tcId: z.int(),
          comment: z.string(),
          msg: hex,
          sig: hex,
          result: z.enum(['valid', 'invalid', 'acceptable']),
        }),
      ),
    }),
  ),
});

interface Tally {
  right: number;
  /** The message is no text, as every signing input is. */
  notText: number;
  readonly wrong: string[];
}

const [folder] = process.argv.slice(2);
if (folder === undefined || !existsSync(folder)) {
  console.error('Usage: npm run wycheproof -- <testvectors_v1 of a checkout of github.com/C2SP/wycheproof>');
  process.exit(2);
}
const tallies = FILES.filter(([name]) => existsSync(join(folder, name))).map(
  ([name, algorithm]) => [name, algorithm, tally(join(folder, name), algorithm)] as const,
);
const rows = tallies.map(([name, algorithm, { right, notText, wrong }]) => [
  name,
  algorithm,
  String(right),
  String(notText),
  String(wrong.length),
]);
console.log(table(['file', 'algorithm', 'as there', 'no text', 'otherwise'], rows, plainPage()));
for (const [name, , { wrong }] of tallies) for (const each of wrong) console.log(`${name}: ${each}`);
if (tallies.length === 0) console.error(`none of its files lies in ${folder}`);
if (tallies.length === 0 || tallies.some(([, , { wrong }]) => wrong.length > 0)) process.exitCode = 1;

function tally(path: string, algorithm: Algorithm): Tally {
  const sum: Tally = { right: 0, notText: 0, wrong: [] };
  for (const { publicKeyDer, keyDer, tests } of vectors.parse(JSON.parse(readFileSync(path, 'utf8')))
    .testGroups) {
    const key = keyOf(publicKeyDer ?? keyDer, algorithm);
    for (const { tcId, comment, msg, sig, result } of tests) {
      const text = msg.toString();
      // A key that Keyward does not take verifies nothing.
      const verifies = key !== undefined && verifySignatureSync(algorithm, key, text, sig);
      if (!Buffer.from(text).equals(msg)) sum.notText += 1;
      else if (result === 'acceptable' || verifies === (result === 'valid')) sum.right += 1;
      else
        sum.wrong.push(
          `${tcId} (${comment}) is ${result} there, and ${verifies ? 'verifies' : 'is refused'}`,
        );
    }
  }
  return sum;
}

function keyOf(der: Buffer | undefined, algorithm: Algorithm): KeyObject | undefined {
  if (!der) throw new Error('a group of vectors without a key');
  try {
    const jwk = createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'jwk' });
    return importPublicKey(readPublicJwk({ ...jwk, alg: algorithm }));
  } catch {
    return undefined;
  }
}
