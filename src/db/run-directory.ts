import type { RunPublicKey, StoredRun } from '../kernel/audit-chain.ts';
import { camelCased } from './camel-case.ts';
import type { TrxReader } from './schema.ts';
import { Strangers } from './strangers.ts';

/** The run as far as its seals count; undefined where the audit key did not certify it. */
export type RunJudge = (run: StoredRun) => Promise<RunPublicKey | undefined>;

/** Judges runs that began after this one, by their rows: those of other fronts. Until it is told how, none counts. */
export class RunDirectory {
  readonly #reader: TrxReader;
  readonly #known = new Map<string, RunPublicKey>();
  readonly #strangers = new Strangers();
  #judge: RunJudge | undefined;

  /** `reader`: asked by whoever is in the midst of reading, and so another one than theirs. */
  constructor(reader: TrxReader) {
    this.#reader = reader;
  }

  judgeBy(judge: RunJudge): void {
    this.#judge = judge;
  }

  /** Undefined where its seals do not count. `store_unavailable`. */
  async find(id: string): Promise<RunPublicKey | undefined> {
    const known = this.#known.get(id);
    if (known || !this.#judge || this.#strangers.has(id)) return known;
    const row = await this.#reader.read((trx) =>
      trx.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    const run = row && (await this.#judge(camelCased(row)));
    if (run) this.#known.set(id, run);
    else if (row) this.#strangers.add(id);
    return run;
  }
}
