import { closeSync, writeSync } from 'node:fs';
import type { Context } from '../cli/context.ts';
import { createSecretFile } from '../cli/new-files.ts';
import { connect } from '../cli/operations-client.ts';
import { show } from '../cli/show.ts';
import { makePin } from '../kernel/credential.ts';
import { safeJson } from '../lib/json.ts';
import type { PinLatchAnswer } from './routes.ts';

export async function hsmClearLatch(context: Context, token: string): Promise<void> {
  const call = await connect(context);
  const answer = await call<PinLatchAnswer>('POST', `/hsm/${encodeURIComponent(token)}/clear-latch`);
  show(context, answer, () =>
    answer.open
      ? `The HSM token ${token} is open.`
      : `The HSM token ${token} is still closed; the service's log says why.`,
  );
}

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
