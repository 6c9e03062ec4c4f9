import type { Context } from '../cli/context.ts';
import { CommandFailure, EXIT } from '../cli/failure.ts';
import { Progress } from '../cli/progress.ts';
import { show } from '../cli/show.ts';
import { printable } from '../lib/html.ts';
import { isoInstant } from '../lib/instant.ts';
import { backUp, type PutBack, restore as restoreBackup } from './index.ts';

/** Ends with 1 where the copy does not verify: it is kept, since it is what the database is. */
export async function backup(context: Context, dir: string): Promise<void> {
  const { manifest, findings } = await withProgress(context, (onStep) =>
    backUp({ configFile: context.configFile, dir, onStep }),
  );
  show(context, { folder: dir, ...manifest, findings }, () =>
    [
      `${dir}: ${manifest.files.length} ${manifest.files.length === 1 ? 'file' : 'files'}, ${bytesOf(manifest)} bytes, of ${isoInstant(manifest.made_at)}`,
      `It ends at event ${manifest.heads.audit?.sequence ?? 0}, checkpoint ${manifest.checkpoint?.number ?? 0}.`,
      ...findings.map(
        ({ part, place, detail }) => `fail  ${part}: ${printable(place)}: ${printable(detail)}`,
      ),
      'It does not contain:',
      ...manifest.not_contained.map((each) => `  - ${each}`),
    ].join('\n'),
  );
  if (findings.length === 0) return;
  const summary = `the backup is made, and ${findings.length} findings say that the database is not as it was written`;
  throw new CommandFailure(EXIT.failed, 'audit_unsound', summary);
}

export async function restore(
  context: Context,
  dir: string,
  { replace }: { readonly replace?: boolean },
): Promise<void> {
  const done = await withProgress(context, (onStep) =>
    restoreBackup({ configFile: context.configFile, dir, replace, onStep }),
  );
  const { manifest, aside, ahead, otherTokens, isVerified } = done;
  const answer = {
    made_at: manifest.made_at,
    heads: manifest.heads,
    checkpoint: manifest.checkpoint,
    verified: isVerified,
    put_aside: aside,
    sinks_ahead: ahead,
    other_hsm_tokens: otherTokens,
  };
  show(context, answer, () => describe(done).join('\n'));
}

function describe({ manifest, aside, ahead, otherTokens, isVerified }: PutBack): string[] {
  const end = manifest.heads.audit?.sequence ?? 0;
  return [
    `Restored: the backup of ${isoInstant(manifest.made_at)}, which ends at event ${end}.`,
    ...aside.map((path) => `put aside: ${path}`),
    ...(isVerified ? [] : ['Former service keys signed it: it is verified when the service starts.']),
    ...otherTokens.map((name) => `HSM token ${name} has another serial number than the one of the backup.`),
    ...ahead.map(({ sink, event }) => `${sink} has events up to ${event}.`),
    ahead.length === 0
      ? 'Start the service. If its signer has seen more, it waits until two operators accept what is lost.'
      : 'Start the service. It waits until two operators accept what is lost: keyward audit accept-restore.',
  ];
}

function bytesOf({ files }: { readonly files: readonly { readonly bytes: number }[] }): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function withProgress<T>(
  { terminal }: Context,
  work: (onStep: (what: string) => void) => Promise<T>,
): Promise<T> {
  const progress = new Progress(terminal.progress);
  try {
    return await work((what) => progress.show(what));
  } finally {
    progress.end();
  }
}
