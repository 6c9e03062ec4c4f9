import type { OpenMatters } from '../kernel/ledger-search.ts';
import type { Erasable } from './erasable.ts';
import { unresolvedAbout, unresolvedDigests } from './erase-evidence.ts';
import type { SqliteLedgerSearch } from './ledger-search.ts';
import type { Reader } from './reader.ts';

interface Parts {
  readonly search: Pick<SqliteLedgerSearch, 'rows'>;
  readonly reader: Pick<Reader, 'read'>;
  readonly erasable: readonly Erasable[];
}

const ROWS_A_STEP = 200;

/** Unresolved security events and unclosed reports about a subject: by their own words, or by a token of that subject. */
export async function openAboutSubject(
  { search, reader, erasable }: Parts,
  subject: string,
): Promise<OpenMatters> {
  const [named, eventOf, given, reportOf] = await Promise.all([
    reader.read((trx) => unresolvedAbout(trx, subject)),
    reader.read(unresolvedDigests),
    Promise.all(erasable.map((each) => reader.read((trx) => each.openNaming(trx, subject)))),
    Promise.all(erasable.map((each) => reader.read((trx) => each.openByDigest(trx)))),
  ]);
  const events = new Set(named);
  const reports = new Set(given.flat());
  const isSought = eventOf.size > 0 || reportOf.some(({ size }) => size > 0);
  for (let after: number | null = isSought ? 0 : null; after !== null; ) {
    const { rows, next } = await search.rows({ subject }, { after, limit: ROWS_A_STEP });
    for (const { digest } of rows) {
      const name = Buffer.from(digest).toString('base64url');
      const event = eventOf.get(name);
      if (event !== undefined) events.add(event);
      for (const of of reportOf) {
        const report = of.get(name);
        if (report !== undefined) reports.add(report);
      }
    }
    after = next;
  }
  return { events: [...events].toSorted((a, b) => a - b), reports: [...reports].toSorted() };
}
