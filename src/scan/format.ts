import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { LimitReached } from './finding.ts';
import { type ExactPin, madePins, withoutPins } from './recognise-pin.ts';
import { credentials, tokens } from './recognise-token.ts';
import type { Content } from './scan-stream.ts';
import { type Bytes, once } from './scan-stream.ts';

type Format = 'gzip' | 'zstd' | 'zip' | 'tar' | 'unread';

interface Magic {
  readonly format: Format;
  readonly name: string;
  readonly at: number;
  readonly bytes: Buffer;
  /** For what is not unpacked: how it can be read nevertheless. */
  readonly instead?: string;
}

const magic = (format: Format, name: string, hex: string, at = 0): Magic => ({
  format,
  name,
  at,
  bytes: Buffer.from(hex, 'hex'),
});
const ofGit = (name: string, how: string, starts: readonly string[]): Magic[] =>
  starts.map((start) => ({
    ...magic('unread', name, Buffer.from(start, 'latin1').toString('hex')),
    instead: `${how}, then keyward scan --git`,
  }));

const MAGICS: readonly Magic[] = [
  magic('gzip', 'gzip', '1f8b08'),
  magic('zstd', 'zstd', '28b52ffd'),
  magic('zip', 'zip', '504b0304'),
  magic('zip', 'zip', '504b0506'),
  magic('tar', 'tar', Buffer.from('ustar').toString('hex'), 257),
  magic('unread', 'xz', 'fd377a585a00'),
  magic('unread', 'bzip2', '425a68'),
  magic('unread', '7-Zip', '377abcaf271c'),
  magic('unread', 'rar', '526172211a07'),
  ...[
    ['Java keystore', 'feedfeed000000'],
    ['JCE keystore', 'cececece000000'],
  ].map(([name = '', hex = '']) => ({
    ...magic('unread', name, hex),
    instead: 'convert it with keytool -importkeystore -deststoretype pkcs12',
  })),
  ...ofGit('git bundle', 'git clone --mirror', ['# v2 git bundle\n', '# v3 git bundle\n']),
  ...ofGit('git pack', 'git unpack-objects', ['PACK\0\0\0\x02', 'PACK\0\0\0\x03']),
];

/** So many bytes tell the format. */
export const HEAD_BYTES = 262;

/** The archive or compression that begins so; undefined for anything else. `unread`: known, but not unpacked. */
export function formatOf(head: Buffer): Magic | undefined {
  return MAGICS.find(({ at, bytes }) => head.subarray(at, at + bytes.length).equals(bytes));
}

export interface Peeked {
  readonly head: Buffer;
  readonly whole: Bytes;
  /** For who does not read the whole. */
  close(): Promise<unknown>;
}

/** The first bytes of a stream, up to `count`, and the whole of it once more. */
export async function peek(source: Bytes, count: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < count) {
    const { done, value } = await iterator.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  return { head, whole: rejoined(head, iterator), close: async () => iterator.return?.() };
}

async function* rejoined(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

const RECOGNISERS = [credentials, tokens, madePins];
const NEEDLES = RECOGNISERS.flatMap(({ needles }) => needles ?? []);
/** What tells the kind; the rest is the secret. */
const SHOWN = 9;

/** Names of files, folders and archive entries hold secrets, too. */
export class Names {
  readonly #pins: readonly ExactPin[];

  constructor(pins: readonly ExactPin[] = []) {
    this.#pins = pins;
  }

  /** A name, or where a link leads, as something to be scanned; undefined where it can hold nothing. */
  asContent(folder: string, name: string): Content | undefined {
    if (this.#pins.length === 0 && !NEEDLES.some((needle) => name.includes(needle))) return undefined;
    return { name: folder, bytes: once(Buffer.from(name)) };
  }

  /** The same name without the secrets in it, as it may be shown. */
  shown(name: string): string {
    let shown = withoutPins(name, this.#pins);
    for (const { needles, find } of RECOGNISERS) {
      if (!needles?.some((needle) => shown.includes(needle))) continue;
      for (const { sight } of find(shown))
        shown = shown.replaceAll(sight.secret, `${sight.secret.slice(0, SHOWN)}…`);
    }
    return shown;
  }
}

const CHUNK_BYTES = 256 * 1024;
/** A disk may have to start, or a server be asked again; what has not answered then will not. */
const ANSWERS_WITHIN_MS = 60_000;
/** What would wait for somebody to write is an error instead. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** What a file holds, as long as it answers. It is opened when it is first read. */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const file = await within(ANSWERS_WITHIN_MS, open(path, FLAGS));
  yield* answering(file.createReadStream({ highWaterMark: CHUNK_BYTES }), ANSWERS_WITHIN_MS);
}

/** Throws `LimitReached` where the next chunk does not come. */
export async function* answering(stream: Readable, withinMs: number): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(withinMs, chunks.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    stream.destroy();
  }
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LimitReached(`no byte came for ${ms / 1_000} seconds`)), ms);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
