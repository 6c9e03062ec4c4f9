import type { StoreFailure } from './failure.ts';
import type { LedgerConnection } from './ledger-connection.ts';
import { OpenLedger, type ReadSettings } from './open-ledger.ts';
import { findRecords, knownRecords } from './questions/find-records.ts';
import { issued, livingTokens } from './questions/issued.ts';
import { issuedHours } from './questions/issued-hours.ts';
import { keyUse } from './questions/key-use.ts';
import { searchPage } from './questions/search-page.ts';
import { walkGroups } from './questions/walk-groups.ts';
import { walkRevocations } from './questions/walk-revocations.ts';
import { serveCalls } from './serve-calls.ts';
import { lowerPriority } from './walk-chains.ts';
import type { JudgedRun } from './writer-protocol.ts';

const QUESTIONS = {
  findRecords,
  knownRecords,
  searchPage,
  keyUse,
  issued,
  livingTokens,
  issuedHours,
  walkGroups,
  walkRevocations,
};

/** What a `ReadThread` may be asked, and what it answers. */
export type ReadCalls = {
  readonly [Q in keyof typeof QUESTIONS]: {
    readonly asks: Parameters<(typeof QUESTIONS)[Q]>[1];
    readonly answers: Awaited<ReturnType<(typeof QUESTIONS)[Q]>>;
  };
} & {
  readonly judged: { readonly asks: JudgedRun; readonly answers: null };
  readonly close: { readonly asks: null; readonly answers: null };
};

/** The worker of a `ReadThread`, over the connection of its engine. */
export function serveQuestions(
  settings: ReadSettings,
  connection: LedgerConnection,
  failed: (error: unknown) => StoreFailure,
): void {
  if (settings.givesWay) lowerPriority();
  const ledger = new OpenLedger(settings, connection);
  const about = <Asks, Answers>(answer: (of: OpenLedger, asks: Asks) => Promise<Answers>) => {
    return (asks: Asks) => answer(ledger, asks);
  };
  serveCalls<ReadCalls>(
    {
      findRecords: about(findRecords),
      knownRecords: about(knownRecords),
      searchPage: about(searchPage),
      keyUse: about(keyUse),
      issued: about(issued),
      livingTokens: about(livingTokens),
      issuedHours: about(issuedHours),
      walkGroups: about(walkGroups),
      walkRevocations: about(walkRevocations),
      judged: ({ id, run }) => {
        ledger.runs.judged(id, run);
        return null;
      },
      close: async () => {
        await connection.close();
        return null;
      },
    },
    failed,
  );
}
