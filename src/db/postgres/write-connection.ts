import type { RunPublicKey } from '../../kernel/audit-chain.ts';
import type { StoreFailure } from '../failure.ts';
import { GroupMark } from '../mark-file.ts';
import type { Executed } from '../session-dialect.ts';
import type { CommitAsks, Committed } from '../thread-session.ts';
import { UrgentWaiting } from '../urgent-waiting.ts';
import type { AppendAsks, AppendedGroup, Durability, WriterSettings } from '../writer-protocol.ts';
import { otherOwner, replaced, transactionLost } from './failure.ts';
import { GroupWriter } from './group-writer.ts';
import { KeptSession } from './kept-session.ts';
import type { PostgresGround } from './open-session.ts';
import { prove, proven } from './proof.ts';
import { durabilityOf, readFacts } from './requirements.ts';
import { SchemaFlag } from './schema-flag.ts';
import type { Answer, PostgresSession } from './session.ts';
import { beforeOthers, waitFromNow, withinWait } from './within-wait.ts';

const BEGIN = 'SELECT kw_begin($1) AS own';
const RAISE_FENCE = 'SELECT r[1] AS former, r[2] AS fence FROM kw_raise_fence() AS r';
/** What an emergency gives standbys that are well. */
const URGENT_PROOF_MS = 150;

/** As whom a thread writes. */
export interface PostgresWriting extends WriterSettings, PostgresGround {
  readonly owner: string;
}

/**
 * The one connection that writes. It is opened anew at the next call after it was lost. What it was in the midst of
 * is then unknown, and is never answered as done: the next group looks at where the ledger ends.
 */
export class WriteConnection {
  readonly #settings: PostgresWriting;
  readonly #groups: GroupWriter;
  readonly #flag: SchemaFlag;
  readonly #urgent: UrgentWaiting;
  readonly #kept: KeptSession;
  readonly #mark: GroupMark;
  #session: PostgresSession | undefined;
  #isInTransaction = false;

  constructor(settings: PostgresWriting) {
    this.#settings = settings;
    this.#flag = new SchemaFlag(settings.changed);
    this.#urgent = new UrgentWaiting(settings.urgent);
    this.#kept = new KeptSession(settings);
    this.#mark = new GroupMark(settings.mark);
    const { run, owner } = settings;
    this.#groups = new GroupWriter(run, owner, (session, commit) => this.#proven(session, commit));
  }

  /** A row that breaks a constraint is left out and named. */
  async append(asks: AppendAsks): Promise<AppendedGroup> {
    await this.rollback();
    const session = await this.#open();
    const appended = await this.#groups.append(session, asks);
    this.#mark.write(appended.end, asks.batch.committedAt);
    return appended;
  }

  judged(id: string, run: RunPublicKey | null): null {
    this.#groups.judged(id, run);
    return null;
  }

  async begin(): Promise<void> {
    await this.rollback();
    const session = await this.#open();
    this.#isInTransaction = true;
    await session.begin();
    const { rows } = await this.#inTurn(session, session.query(BEGIN, [this.#settings.owner]));
    if (rows[0]?.own === 1) return;
    await this.rollback();
    throw otherOwner();
  }

  execute(sql: string, parameters: readonly unknown[]): Promise<Executed> {
    return this.#transaction().execute(sql, parameters);
  }

  async commit({ urgent, raisesFence }: CommitAsks): Promise<Committed> {
    const session = this.#transaction();
    this.#isInTransaction = false;
    const raised = raisesFence ? this.#inTurn(session, session.query(RAISE_FENCE)) : undefined;
    const [answer, isReplicated] = await Promise.all([
      raised,
      urgent ? this.#commitAlone(session) : this.#proven(session, session.commitAnswered()).then(() => true),
    ]);
    const { former, fence } = answer?.rows[0] ?? {};
    return { isReplicated, fence: answer ? { former: Number(former), number: Number(fence) } : null };
  }

  async rollback(): Promise<void> {
    const wasInTransaction = this.#isInTransaction;
    this.#isInTransaction = false;
    if (wasInTransaction) await this.#session?.rollback();
  }

  async durability(): Promise<Durability> {
    const { product, standbyNames, inSync } = await readFacts(await this.#open());
    return { product, standbyNames, inSync };
  }

  /** After a failure of any method above. */
  recover(error: unknown): StoreFailure {
    return this.#kept.recover(error);
  }

  close(): Promise<void> {
    return this.#kept.close();
  }

  /** What is urgent does not wait until other fronts have given up waiting for a standby. */
  #inTurn(session: PostgresSession, asked: Promise<Answer>): Promise<Answer> {
    return this.#urgent.any ? beforeOthers(this.#settings, session, asked) : asked;
  }

  async #proven(session: PostgresSession, commit: Promise<Answer>): Promise<Answer> {
    const durability = durabilityOf(this.#settings.database);
    const isOver = waitFromNow(() => this.#urgent.any);
    const answer = await withinWait(
      this.#settings,
      session,
      proven(session, commit, durability, isOver),
      isOver,
    );
    if (this.#kept.isReplaced) throw replaced();
    return answer;
  }

  /** On the disk of this server; standbys have it by then, or are given a moment. */
  async #commitAlone(session: PostgresSession): Promise<boolean> {
    const [, , isProven] = await Promise.all([
      session.query("SELECT set_config('synchronous_commit', 'local', true)"),
      session.commitAnswered(),
      prove(session, durabilityOf(this.#settings.database), URGENT_PROOF_MS),
    ]);
    return isProven && !this.#kept.isReplaced;
  }

  async #open(): Promise<PostgresSession> {
    this.#flag.check();
    const session = await this.#kept.open();
    if (session !== this.#session) {
      this.#groups.forget();
      // What was begun on the former one is over.
      this.#isInTransaction = false;
    }
    this.#session = session;
    return session;
  }

  /** A statement after a lost connection would commit on its own. */
  #transaction(): PostgresSession {
    if (this.#session && !this.#session.lost && this.#isInTransaction) return this.#session;
    throw transactionLost();
  }
}
