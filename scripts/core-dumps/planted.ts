// Preloaded by the front that is looked into: it keeps a text and private keys of which the search must find every form.
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

interface Planted {
  readonly text: string;
  readonly keys: readonly string[];
}

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const { text, keys }: Planted = JSON.parse(readFileSync(file, 'utf8'));

const kept: (string | Buffer | KeyObject)[] = [
  text.toUpperCase().toLowerCase(),
  Buffer.from(text),
  // What is not Latin-1 is kept in two bytes a letter.
  Buffer.from(`${text}\u2014`, 'utf16le').toString('utf16le'),
  Buffer.from(text).toString('hex'),
  ...['', '.', '..'].map((before) => Buffer.from(before + text).toString('base64')),
  ...keys.map((pem) => createPrivateKey(pem)),
];
Object.defineProperty(globalThis, 'planted', { value: kept });
