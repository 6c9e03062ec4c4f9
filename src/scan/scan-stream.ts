import type { Found, Recogniser } from './finding.ts';
import { LineCount } from './line-count.ts';
import { credentials } from './recognise-credential.ts';
import { jwkKeys } from './recognise-jwk.ts';
import { pemKeys } from './recognise-pem.ts';
import { pinCandidates } from './recognise-pin.ts';
import { tokens } from './recognise-token.ts';
import { textsIn } from './texts.ts';
import { type Cut, type Window, windows } from './windows.ts';

const ALWAYS: readonly Recogniser[] = [credentials, tokens, pemKeys, jwkKeys];
const WITH_PINS: readonly Recogniser[] = [...ALWAYS, pinCandidates];

export type Bytes = AsyncIterable<Uint8Array>;

export interface StreamOptions {
  /** Whether to look for what could be a PIN: most words of a text could. */
  readonly pins: boolean;
  readonly onRead?: ((bytes: number) => void) | undefined;
  readonly cut?: Cut | undefined;
}

/**
 * All findings of one stream, each once, wherever it begins and however the stream is cut into chunks. Holds a
 * megabyte of it.
 */
export async function* scanStream(
  source: Bytes,
  { pins, onRead, cut }: StreamOptions,
): AsyncGenerator<Found> {
  const recognisers = pins ? WITH_PINS : ALWAYS;
  const lines = new LineCount();
  for await (const window of windows(source, cut)) {
    const own = window.bytes.subarray(window.from - window.base, window.until - window.base);
    for (const found of findIn(window, recognisers)) {
      yield { ...found, line: lines.lineAt(found.offset, own) };
    }
    lines.pass(own);
    onRead?.(own.length);
  }
}

function* findIn(
  { bytes, base, from, until }: Window,
  recognisers: readonly Recogniser[],
): Generator<Omit<Found, 'line'>> {
  for (const { needles, find } of recognisers) {
    for (const { text, start, width } of textsIn(bytes, needles)) {
      for (const { at, sight } of find(text)) {
        const offset = base + start + at * width;
        if (offset >= from && offset < until) yield { offset, sight };
      }
    }
  }
}
