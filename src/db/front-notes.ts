import { createHash } from 'node:crypto';
import { type ChainHead, type RunKey, sealHash, verifySeal } from '../kernel/audit-chain.ts';
import type { FrontNotes } from '../kernel/registry.ts';
import type { RunDirectory } from './run-directory.ts';

export interface NoteRow {
  /** The random id of the front. */
  readonly owner: string;
  readonly number: number;
  readonly body: string;
  readonly runId: string;
  readonly seal: Uint8Array;
}

/** Where the notes are; anybody who writes to the database can write them. */
export interface NoteBoard {
  readonly owner: string;
  put(note: NoteRow): Promise<void>;
  /** Of other fronts that live; without its row where the number is the one that is known. */
  others(
    known: ReadonlyMap<string, number>,
  ): Promise<readonly (Pick<NoteRow, 'owner'> & { row?: NoteRow })[]>;
}

interface FrontNotesDeps {
  readonly board: NoteBoard;
  readonly run: RunKey;
  readonly runs: Pick<RunDirectory, 'find'>;
}

export function createFrontNotes({ board, run, runs }: FrontNotesDeps): FrontNotes {
  let posted = 0;
  let known = new Map<string, NoteRow>();
  const isSealed = async (row: NoteRow) => {
    const writer = await runs.find(row.runId);
    return writer !== undefined && verifySeal(writer, 'note', headOf(row), row.seal);
  };
  return {
    async post(body) {
      posted += 1;
      const note = { owner: board.owner, number: posted, body };
      await board.put({ ...note, runId: run.id, seal: sealHash(run, 'note', headOf(note)) });
    },
    async read() {
      const numbers = new Map([...known.values()].map(({ owner, number }) => [owner, number]));
      const found = new Map<string, NoteRow>();
      for (const { owner, row } of await board.others(numbers)) {
        const before = known.get(owner);
        const isNew = row !== undefined && row.number > (before?.number ?? 0) && (await isSealed(row));
        const kept = isNew ? row : before;
        if (kept) found.set(owner, kept);
      }
      known = found;
      return new Map([...found].map(([owner, { body }]) => [owner, body]));
    },
  };
}

function headOf({ owner, number, body }: Pick<NoteRow, 'owner' | 'number' | 'body'>): ChainHead {
  return { sequence: number, hash: createHash('sha256').update(`${owner}\0${body}`).digest() };
}
