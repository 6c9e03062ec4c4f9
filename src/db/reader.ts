import { Kysely } from 'kysely';
import type { ReadLink } from './engine.ts';
import type { EventSeals } from './event-seals.ts';
import { lendProof, type ReadProof } from './proven-reads.ts';
import type { Schema, Trx } from './schema.ts';
import { type Language, sessionDialect } from './session-dialect.ts';
import { lendRanges, type UnwitnessedRanges } from './unwitnessed.ts';

interface ReaderOptions {
  readonly language: Language;
  readonly link: ReadLink;
  /** Passed over among audit events that decide something. */
  readonly unwitnessed: UnwitnessedRanges;
  /** Judges audit events that decide something; absent: all of them count. */
  readonly seals?: EventSeals;
  /** Where other fronts write as well. */
  readonly proof?: ReadProof | undefined;
}

/** Reads for the event loop: what is loaded at the start, and short administrative lists; never for the hot path. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #kysely: Kysely<Schema>;

  constructor(options: ReaderOptions) {
    this.#options = options;
    const { language, link } = options;
    this.#kysely = new Kysely<Schema>({ dialect: sessionDialect(language, () => link.session()) });
  }

  /** All that `query` reads is of one moment. `store_unavailable`. */
  async read<T>(query: (trx: Trx) => Promise<T>): Promise<T> {
    const { link, unwitnessed, seals, proof } = this.#options;
    try {
      return await this.#kysely.transaction().execute((trx) => {
        lendRanges(trx, unwitnessed, seals);
        lendProof(trx, proof);
        return query(trx);
      });
    } catch (error) {
      throw link.recover(error);
    }
  }

  /** What of the schema is not as this version makes it, whether or not the database counted a change. `store_unavailable`. */
  async foreign(): Promise<string | undefined> {
    const { link } = this.#options;
    try {
      return await link.foreign();
    } catch (error) {
      throw link.recover(error);
    }
  }

  close(): Promise<void> {
    return this.#options.link.close();
  }
}
