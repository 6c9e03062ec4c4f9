import { closeSync, writeSync } from 'node:fs';
import { makePin } from '../../domain/pin.ts';
import { safeJson } from '../../lib/safe-json.ts';
import type { Context } from '../context.ts';
import { createSecretFile } from '../secret-file.ts';

/** Writes a new PIN into a new file (0600) and prints no part of it. Asks no service and no HSM. */
export function hsmMakePin({ options, terminal }: Context, { out }: { readonly out: string }): void {
  const descriptor = createSecretFile(out);
  try {
    writeSync(descriptor, `${makePin()}\n`);
  } finally {
    closeSync(descriptor);
  }
  terminal.print(options.json ? safeJson({ file: out }) : `the PIN is in ${out}`);
}
