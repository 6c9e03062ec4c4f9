import type { KeyUse, KeyUseQuestion, Shares } from '../../kernel/issuance.ts';
import { compareText } from '../../lib/text.ts';
import type { OpenLedger } from '../open-ledger.ts';
import { statement } from '../rows.ts';

/** A ledger in which more was issued than can be read in this time is answered for in part. */
const BUDGET_MS = 10_000;

interface Shared {
  readonly client_id: string;
  readonly subject: string | null;
  readonly tokens: number;
}

const OF_KEY = 'FROM issuance_records WHERE sequence > ? AND sequence <= ? AND kid = ?';
const LIVE = statement<Shared>(
  `SELECT client_id, subject, count(*) AS tokens ${OF_KEY} AND exp > ? GROUP BY client_id, subject`,
);
const FIRST = statement<{ readonly iat: number }>(`SELECT iat ${OF_KEY} ORDER BY sequence LIMIT 1`);
const LAST = statement<{ readonly iat: number }>(`SELECT iat ${OF_KEY} ORDER BY sequence DESC LIMIT 1`);

export async function keyUse({ windows }: OpenLedger, question: KeyUseQuestion): Promise<KeyUse> {
  const { kid, at, since, longestTtlSeconds } = question;
  const deadline = performance.now() + BUDGET_MS;
  const [clients, subjects] = [new ShareCount(), new ShareCount()];
  let liveTokens = 0;
  const recent = await windows.between(Math.max(since, at - longestTtlSeconds), at);
  const counted = await windows.over(recent, deadline, async (rows, bounds) => {
    for (const { client_id, subject, tokens } of await rows.all(LIVE, ...bounds, kid, at)) {
      liveTokens += tokens;
      clients.add(client_id, tokens);
      if (subject !== null) subjects.add(subject, tokens);
    }
    return undefined;
  });
  const all = await windows.between(since, at);
  const iatOf = (which: typeof FIRST, parts: typeof all) =>
    windows.over(parts, deadline, async (rows, bounds) => (await rows.first(which, ...bounds, kid))?.iat);
  const first = await iatOf(FIRST, all);
  const last = await iatOf(LAST, all.toReversed());
  return {
    liveTokens,
    clients: clients.shares(),
    subjects: subjects.shares(),
    firstIssuedAt: first.found ?? null,
    lastIssuedAt: last.found ?? null,
    complete: counted.complete && first.complete && last.complete,
  };
}

const LISTED = 100;
/** Names that are told apart; beyond them they are only counted, each time that one appears. */
const REMEMBERED = 100_000;

/** Tokens by name, in bounded memory. */
export class ShareCount {
  readonly #tokens = new Map<string, number>();
  #beyond = 0;

  add(name: string, tokens: number): void {
    const before = this.#tokens.get(name);
    if (before !== undefined || this.#tokens.size < REMEMBERED) {
      this.#tokens.set(name, (before ?? 0) + tokens);
    } else {
      this.#beyond += 1;
    }
  }

  shares(): Shares {
    const all = [...this.#tokens].map(([name, tokens]) => ({ name, tokens }));
    all.sort((a, b) => b.tokens - a.tokens || compareText(a.name, b.name));
    return { listed: all.slice(0, LISTED), more: Math.max(0, all.length - LISTED) + this.#beyond };
  }
}
