import { linesOf } from '../lines-of.ts';
import { readSinkLine } from '../sink-line.ts';
import type { Findings } from '../../audit-verify/finding.ts';
import type { SavedCheckpoint } from '../../audit-verify/verify-checkpoints.ts';

/** What the file of a sink holds of the trail: the hash of each event, and the checkpoints. */
export interface SinkTestimony {
  readonly from: string;
  readonly events: ReadonlyMap<number, Uint8Array>;
  readonly checkpoints: readonly SavedCheckpoint[];
}

/** A file that cannot be read is a finding: then nothing shows what the sink has seen. */
export function readSinks(files: readonly string[], findings: Findings): readonly SinkTestimony[] {
  return files.flatMap((file) => {
    try {
      return [readSink(file)];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const detail = `the sink cannot be read (${code}); --no-sinks leaves the sinks out`;
      findings.add('file', 'unreadable', file, detail);
      return [];
    }
  });
}

function readSink(from: string): SinkTestimony {
  const events = new Map<number, Uint8Array>();
  const checkpoints: SavedCheckpoint[] = [];
  for (const line of linesOf(from)) {
    const entry = readSinkLine(line);
    if (entry?.kind === 'event') events.set(entry.event.sequence, entry.event.hash);
    if (entry?.kind === 'checkpoint') checkpoints.push({ from, jws: entry.jws });
  }
  return { from, events, checkpoints };
}
