import type { Clock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import type { IssuanceRecord, Recording, RecordLookup } from '../kernel/issuance.ts';
import type { RecordAppender } from '../kernel/ledger-search.ts';
import { type Condition, StoreFailure, unavailable } from './failure.ts';
import type { TrxReader, TrxWriter } from './schema.ts';

/** The database is not what was opened; of the others, such as a lock, the failing call says enough. */
const DOUBTFUL: ReadonlySet<Condition> = new Set(['corrupt', 'io_error', 'missing', 'moved', 'unreachable']);

interface ReadBackOptions {
  readonly appender: RecordAppender;
  /** Each thread that looks records up for somebody. */
  readonly lookups: () => readonly Pick<RecordLookup, 'find'>[];
  /** Told once, with the first failure in a row; `undefined` when look-ups work again. */
  readonly onChange: (condition: Condition | undefined, cause: unknown) => void;
}

/**
 * Records are written only while those that were written can be looked up: a token that nobody could verify is not
 * issued. Damage does not heal while the process runs; all else does with the next look that works.
 */
export class ReadBack implements RecordAppender {
  readonly #options: ReadBackOptions;
  #last: Pick<IssuanceRecord, 'digest' | 'iat'> = { digest: Buffer.alloc(32), iat: 0 };
  #failure: { readonly error: KeywardError; readonly condition: Condition } | undefined;

  constructor(options: ReadBackOptions) {
    this.#options = options;
  }

  async append(record: IssuanceRecord, recording?: Recording): Promise<void> {
    if (this.#failure) throw this.#failure.error;
    await this.#options.appender.append(record, recording);
    this.#last = record;
  }

  /** Looks the newest record up in each thread. `store_unavailable`, `overloaded`. */
  async probe(): Promise<void> {
    const { digest, iat } = this.#last;
    try {
      await Promise.all(this.#options.lookups().map((each) => each.find(digest, iat)));
    } catch (error) {
      this.failed(error);
      throw error;
    }
    if (this.#failure?.condition === 'corrupt') throw this.#failure.error;
    if (!this.#failure) return;
    this.#failure = undefined;
    this.#options.onChange(undefined, undefined);
  }

  /** Any look-up failed so. */
  failed(error: unknown): void {
    if (!(error instanceof KeywardError) || !(error.cause instanceof StoreFailure)) return;
    const { condition } = error.cause;
    if (condition === undefined || !DOUBTFUL.has(condition) || this.#failure?.condition === 'corrupt') return;
    const isNew = this.#failure?.condition !== condition;
    this.#failure = { error, condition };
    if (isNew) this.#options.onChange(condition, error.cause);
  }
}

/** One durable write through the same queue as every record, read back over the other connection. */
export async function probe(writer: TrxWriter, reader: TrxReader, clock: Clock): Promise<void> {
  const checked_at = clock.nowSeconds();
  await writer.transaction((trx) =>
    trx
      .insertInto('readiness')
      .values({ id: 1, checked_at })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ checked_at }))
      .execute(),
  );
  const found = await reader.read((trx) =>
    trx.selectFrom('readiness').select('checked_at').executeTakeFirst(),
  );
  if (found === undefined || found.checked_at < checked_at) {
    throw unavailable(new Error('what was written cannot be read back'));
  }
}
