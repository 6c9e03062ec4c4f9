import { once as happening } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Found, Recogniser } from './finding.ts';
import { type ExactPin, madePins } from './recognise-pin.ts';
import { derKeys, pemKeys, sshKeys } from './recognise-private-key.ts';
import { credentials, jwkKeys, tokens } from './recognise-token.ts';
import { decodedTexts, textsIn } from './texts.ts';
import { type Cut, LineCount, type Window, windows } from './windows.ts';

/** Something to be read: a file, an object of a repository, standard input. */
export interface Content {
  readonly name: string;
  readonly bytes: Bytes;
  /** Where it lies, if it is a file: a zip is read from its end. */
  readonly path?: string;
}

const RECOGNISERS: readonly Recogniser[] = [
  credentials,
  tokens,
  pemKeys,
  sshKeys,
  derKeys,
  jwkKeys,
  madePins,
];

/** Between the beginning of a key in PEM and its DER, which is no key of its own; also where both are in base64. */
const PEM_HEAD = 256;

export type Bytes = AsyncIterable<Uint8Array>;

export interface StreamOptions {
  /** To be found by their exact bytes. */
  readonly pins?: readonly ExactPin[] | undefined;
  readonly onRead?: ((bytes: number) => void) | undefined;
  readonly cut?: Cut | undefined;
}

/**
 * All findings of one stream, each once, wherever it begins and however the stream is cut into chunks. Holds a
 * megabyte of it.
 */
export async function* scanStream(
  source: Bytes,
  { pins = [], onRead, cut }: StreamOptions,
): AsyncGenerator<Found> {
  const recognisers = [...RECOGNISERS, ...pins];
  const exact = new Set(pins.map(({ secret }) => secret));
  const lines = new LineCount();
  for await (const window of windows(source, cut)) {
    const own = window.bytes.subarray(window.from - window.base, window.until - window.base);
    for (const found of findIn(window, recognisers, exact)) {
      yield { ...found, line: lines.lineAt(found.offset, own) };
    }
    lines.pass(own);
    onRead?.(own.length);
  }
}

function* findIn(
  { bytes, base, from, until }: Window,
  recognisers: readonly Recogniser[],
  exactPins: ReadonlySet<string>,
): Generator<Omit<Found, 'line'>> {
  if (isHole(bytes)) return;
  const asTheyAre = textsIn(bytes);
  const all = [...asTheyAre, ...decodedTexts(asTheyAre)];
  const pems: number[] = [];
  const isInPem = (offset: number) => pems.some((begin) => offset > begin && offset <= begin + PEM_HEAD);
  for (const { needles, readsEncodings, find } of recognisers) {
    // The same in UTF-16, or decoded in two ways, is one finding.
    const told = new Set<number>();
    for (const { text, placeOf } of readsEncodings ? asTheyAre : all) {
      if (!needles.some((needle) => text.includes(needle))) continue;
      for (const { at, sight } of find(text)) {
        const offset = base + placeOf(at);
        const again = sight.kind === 'pin' && sight.file === null && exactPins.has(sight.secret);
        if (sight.kind === 'private_key' && sight.format === 'pem') pems.push(offset);
        if (again || told.has(offset) || offset < from || offset >= until) continue;
        if (sight.kind === 'private_key' && sight.format === 'der' && isInPem(offset)) continue;
        told.add(offset);
        yield { offset, sight };
      }
    }
  }
}

/** Of a sparse file, or memory that was never used: zeros alone. */
function isHole(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.subarray(1).equals(bytes.subarray(0, -1));
}

/** A stream of one chunk. */
export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** The same stream, with word of each chunk. */
export async function* counted(source: Bytes, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    count(chunk.length);
    yield chunk;
  }
}

/** The same stream, with word of its end; none where it fails or is left. */
export async function* ended(source: Bytes, tell: () => void): AsyncGenerator<Uint8Array> {
  yield* source;
  tell();
}

/** A stream that somebody else reads along with, at the pace of the slower. `left`: as far as it was read, both have. */
export function readAlong(
  source: Bytes,
  read: (bytes: Bytes) => Promise<void>,
): { readonly bytes: Bytes; left(): Promise<void> } {
  const bytes = shared(source, read);
  return { bytes, left: async () => void (await bytes.return(undefined)) };
}

async function* shared(
  source: Bytes,
  read: (bytes: Bytes) => Promise<void>,
): AsyncGenerator<Uint8Array, undefined> {
  const copy = new PassThrough();
  const reading = read(copy);
  reading.catch(() => {});
  try {
    for await (const chunk of source) {
      if (!copy.write(chunk)) await Promise.race([happening(copy, 'drain'), reading]);
      yield chunk;
    }
  } finally {
    copy.end();
    await reading;
  }
}
