import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;
const EDGE = /-----(?:BEGIN|END) /;

/** The text of a PEM file; throws saying that it cannot be read, and why. */
export function readPemFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`${file} cannot be read (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

/**
 * Every certificate of a PEM text, at least one. Text between blocks is a comment (RFC 7468 §2); a block that cannot be
 * read, and a BEGIN or END without the other, throws with its place. OpenSSL would stop there without a word.
 */
export function certificatesIn(pem: string, file: string): readonly X509Certificate[] {
  const found = [...pem.matchAll(BLOCK)].map((match, at) => {
    const what = `${file}: block ${at + 1} (line ${lineOf(pem, match.index)})`;
    if (match[1] !== 'CERTIFICATE') throw new Error(`${what} is no certificate`);
    try {
      return new X509Certificate(match[0]);
    } catch (cause) {
      throw new Error(`${what} cannot be read as a certificate`, { cause });
    }
  });
  const rest = pem.replaceAll(BLOCK, (block) => block.replaceAll(/[^\n]/g, ' '));
  const edge = EDGE.exec(rest);
  if (edge) throw new Error(`${file}: line ${lineOf(rest, edge.index)} is half of a block`);
  if (found.length === 0) throw new Error(`${file} holds no certificate`);
  return found;
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** The PEM text of a bundle of authorities; throws saying what is wrong with it. */
export function readAuthorities(file: string): string {
  const pem = readPemFile(file);
  certificatesIn(pem, file);
  return pem;
}

/**
 * A bundle of authorities as its file has it at each call. While the file is not good, it is what the file had before;
 * throws where it was never good.
 */
export function authoritiesOf(file: string): () => string {
  let last: string | undefined;
  return () => {
    try {
      last = readAuthorities(file);
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last;
  };
}
