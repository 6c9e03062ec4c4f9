import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const CHUNK_BYTES = 1 << 20;

/** What is longer is no line of ours, and comes in pieces. */
const LONGEST_LINE = 64 * CHUNK_BYTES;

/** The lines of a file of any size; the last one may have no end. */
export function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, 'r');
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest = '';
  try {
    for (let read = readSync(descriptor, chunk); read > 0; read = readSync(descriptor, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, read))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
      if (rest.length < LONGEST_LINE) continue;
      yield rest;
      rest = '';
    }
    if (rest !== '') yield rest;
  } finally {
    closeSync(descriptor);
  }
}
