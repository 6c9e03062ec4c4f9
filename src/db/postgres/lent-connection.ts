import { CallLink } from '../call-link.ts';
import type { ReadLink } from '../engine.ts';
import type { Session } from '../session-dialect.ts';
import { threadSession } from '../thread-session.ts';
import { postgresError } from './failure.ts';
import type { LendingCalls, PostgresLending } from './lending-protocol.ts';
import { ReachedServer } from './reached-server.ts';
import type { ServerFacts } from './requirements.ts';
import type { SchemaFlag } from './schema-flag.ts';

const DEADLINE_MS = 30_000;

/** Without `reached`: a server that was replaced is known by this connection alone. */
type Lending = Omit<PostgresLending, 'reached'> & Partial<Pick<PostgresLending, 'reached'>>;

/** A connection in a thread of its own, for the event loop, which loads nothing of PostgreSQL itself. */
export class LentConnection implements ReadLink {
  readonly #link: CallLink<LendingCalls>;
  readonly #flag: SchemaFlag | undefined;

  /** What the watch finds is told by `flag`. */
  constructor(lending: Lending, flag?: SchemaFlag) {
    this.#flag = flag;
    const entry = new URL('./lending-worker.ts', import.meta.url);
    const settings: PostgresLending = { reached: new ReachedServer().memory, ...lending };
    this.#link = new CallLink({ entry, settings, deadlineMs: DEADLINE_MS });
  }

  session(): Session {
    return threadSession(this.#link.thread());
  }

  /** What the server says of itself. */
  facts(): Promise<ServerFacts> {
    return this.#link.thread().call('facts', null);
  }

  async foreign(): Promise<string | undefined> {
    const foreign = (await this.#link.thread().call('foreign', null)) ?? undefined;
    if (this.#flag) this.#flag.isChanged = foreign !== undefined;
    return foreign;
  }

  recover(error: unknown): Error {
    return postgresError(error);
  }

  close(): Promise<void> {
    return this.#link.stop();
  }
}
