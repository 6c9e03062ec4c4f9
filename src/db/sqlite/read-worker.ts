import { workerData } from 'node:worker_threads';
import { OpenLedger, type ReadSettings } from '../open-ledger.ts';
import { findRecords, knownRecords } from '../questions/find-records.ts';
import { issued, livingTokens } from '../questions/issued.ts';
import { issuedHours } from '../questions/issued-hours.ts';
import { keyUse } from '../questions/key-use.ts';
import { searchPage } from '../questions/search-page.ts';
import { walkGroups } from '../questions/walk-groups.ts';
import { walkRevocations } from '../questions/walk-revocations.ts';
import { serveCalls } from '../serve-calls.ts';
import { lowerPriority } from '../walk-chains.ts';

const settings = workerData as ReadSettings;
if (settings.givesWay) lowerPriority();
const ledger = new OpenLedger(settings);

const QUESTIONS = {
  findRecords: of(findRecords),
  knownRecords: of(knownRecords),
  searchPage: of(searchPage),
  keyUse: of(keyUse),
  issued: of(issued),
  livingTokens: of(livingTokens),
  issuedHours: of(issuedHours),
  walkGroups: of(walkGroups),
  walkRevocations: of(walkRevocations),
};

/** What a `ReadThread` may be asked, and what it answers. */
export type ReadCalls = {
  readonly [Q in keyof typeof QUESTIONS]: {
    readonly asks: Parameters<(typeof QUESTIONS)[Q]>[0];
    readonly answers: ReturnType<(typeof QUESTIONS)[Q]>;
  };
} & { readonly close: { readonly asks: null; readonly answers: null } };

serveCalls<ReadCalls>({ ...QUESTIONS, close: () => void ledger.connection.close() }, (error) =>
  ledger.connection.recover(error),
);

function of<Asks, Answers>(answer: (of: OpenLedger, asks: Asks) => Answers): (asks: Asks) => Answers {
  return (asks) => answer(ledger, asks);
}
