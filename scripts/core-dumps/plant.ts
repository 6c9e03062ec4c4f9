import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { makePin } from '../../src/kernel/credential.ts';
import { keyNeedle, type Needle, textNeedle } from './needles.ts';

export interface PlantedNeedle {
  readonly needle: Needle;
  /** The forms in which `planted.ts` keeps it. */
  readonly forms: readonly string[];
}

/** What the front is made to hold, written where it reads it: the search must see it in every image. */
export function plant(file: string): readonly PlantedNeedle[] {
  const text = makePin();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  const keys = [ec, rsa, ed].map((key) => key.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(file, JSON.stringify({ text, keys }), { mode: 0o600 });
  const number = (member: string | undefined) => Buffer.from(member ?? '', 'base64url');
  const asText = textNeedle('planted: a PIN', text);
  return [
    { needle: asText, forms: Object.keys(asText.forms) },
    {
      needle: keyNeedle('planted: a P-256 key', number(ec.export({ format: 'jwk' }).d)),
      forms: ['reversed'],
    },
    {
      needle: keyNeedle('planted: an RSA prime', number(rsa.export({ format: 'jwk' }).p)),
      forms: ['reversed'],
    },
    {
      needle: keyNeedle('planted: an Ed25519 key', number(ed.export({ format: 'jwk' }).d)),
      forms: ['bytes'],
    },
  ];
}
