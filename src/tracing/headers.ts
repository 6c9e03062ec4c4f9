import { readSecretLines } from '../lib/secret-file.ts';

const LINE = /^([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64})\s*:[ \t]*([\x20-\x7e]{1,2048})$/;
const MOST = 16;
/** What the service writes itself. */
const OWN: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
]);

/** The headers in a file that the service alone can read; rejects saying what is wrong, and nothing of what is in it. */
export async function readHeaders(path: string): Promise<Readonly<Record<string, string>>> {
  const lines = await readSecretLines(path);
  const read = lines.map((line) => LINE.exec(line.trim()));
  const headers = read.map((match) => [match?.[1]?.toLowerCase() ?? '', match?.[2] ?? ''] as const);
  const isSound = headers.every(([name]) => name !== '' && !OWN.has(name));
  if (!isSound || headers.length > MOST) {
    throw new Error(`${path} must hold 1 to ${MOST} lines such as name: value, none of them about the body`);
  }
  return Object.fromEntries(headers);
}
