import { type Config, loadConfig } from '../config.ts';
import { appendAuditEvent } from '../db/append-audit-event.ts';
import type { TableSum } from '../db/copy/copy-table.ts';
import { type DatabaseEnd, endOf } from '../db/copy/end-of.ts';
import type { DatabaseSettings } from '../db/database-settings.ts';
import type { DatabaseOwner } from '../db/engine.ts';
import { DATABASE_LEFT } from '../db/moved.ts';
import { copyDialect, openEngine, openReader } from '../db/open-engine.ts';
import { refuseForeignStore } from '../db/refuse-foreign.ts';
import type { Trx } from '../db/schema.ts';
import { openPermits } from '../hsm/index.ts';
import { type LazySigner, lazySigner } from '../hsm/tokens.ts';
import { KEYWARD } from '../kernel/actor.ts';
import { actOf } from '../kernel/audit.ts';
import { createRunKey } from '../kernel/audit-chain.ts';
import { systemClock } from '../kernel/clock.ts';
import { forbidCoreDumps } from '../signer/hygiene.ts';
import { withCertifiedStore } from './certified-store.ts';
import { copyAcross } from './copy-across.ts';
import { engineOf, ownAlone, placeOf, refuseUnfit } from './refusals.ts';
import { refuseFilled, targetEnd } from './target-end.ts';

const DATABASE_MOVED = 'database.moved';
const SUBJECT = 'database';

export interface MoveRequest {
  readonly configFile: string;
  /** Where the configuration's database goes; of the other engine. */
  readonly target: DatabaseSettings;
  /** Told what is done at the moment. */
  readonly onStep: (what: string) => void;
}

interface Moved {
  readonly from: string;
  readonly to: string;
  /** Empty where a move that was cut short had copied them. */
  readonly tables: readonly TableSum[];
  /** The audit event in the target that tells of the move. */
  readonly event: number;
}

interface Move extends MoveRequest {
  readonly config: Config;
  readonly sourceOwner: DatabaseOwner;
  readonly targetOwner: DatabaseOwner;
  readonly signer: LazySigner;
}

/**
 * `keyward migrate-store`: copies the database of a stopped service into one of the other engine, has the source refuse
 * to start, and the target go on with its audit trail. In this order:
 *
 * 1. all rows and `database.left` are in the target, which refuses to start;
 * 2. `database.left` is the end of the source, which refuses to start;
 * 3. `database.moved` follows in the target, which can be started.
 *
 * Rows that an initial copy brought, and that are still the same, stay where they are. Cut short before 2, the source
 * is as it was; after it, the same command goes on. `database_in_use`, `hsm_unavailable`,
 * `store_unavailable`, `invalid_config`; a `CommandFailure` for a target that is not fit.
 */
export async function moveStore(request: MoveRequest): Promise<Moved> {
  forbidCoreDumps();
  const { configFile, target } = request;
  const config = loadConfig(configFile);
  const source = config.database;
  refuseUnfit(source, target);
  for (const each of [source, target]) refuseForeignStore(each, config.ledger.archive_dir, 'migrate-store …');
  await using held = new AsyncDisposableStack();
  const own = async (database: DatabaseSettings, archiveDir?: string) => {
    const owner = await ownAlone(database, archiveDir);
    held.defer(() => owner.release());
    return owner;
  };
  const sourceOwner = await own(source, config.ledger.archive_dir);
  const targetOwner = await own(target);
  const permits = await openPermits(config);
  held.defer(() => permits.close());
  const signer = lazySigner(config, permits);
  held.defer(() => signer.stop());
  const move = { ...request, config, sourceOwner, targetOwner, signer };
  const tables = await leave(move);
  return { from: placeOf(source), to: placeOf(target), tables, event: await arrive(move) };
}

/** Until the trail of the source, and its copy in the target, end with `database.left`. Answers what it copied. */
async function leave(move: Move): Promise<readonly TableSum[]> {
  const { config, sourceOwner, target, targetOwner, signer, onStep } = move;
  const source = config.database;
  // Brings its tables up to date.
  await openEngine(source, sourceOwner);
  const [from, to] = [await endOf(source), await targetEnd(target)];
  if (from.isLeft) return await goOn(move, from, to);
  refuseFilled(target, to);
  const run = createRunKey(systemClock.nowSeconds());
  return await withCertifiedStore(
    { config, database: source, owner: sourceOwner, signer, run },
    async ({ reader, writer }) => {
      const mark = markOf(move);
      const tables = await copyAcross({
        config,
        source: { reader, dialect: await copyDialect(source) },
        target,
        owner: targetOwner,
        before: to.initialCopy,
        run,
        onStep,
        finish: mark,
      });
      await writer.transaction(mark);
      return tables;
    },
  );
}

/** The same event in both, so that one trail goes on. */
function markOf({ config, target }: Move): (trx: Trx) => Promise<void> {
  const time = systemClock.nowSeconds();
  const details = { from: engineOf(config.database), to: engineOf(target) };
  const event = actOf(KEYWARD, DATABASE_LEFT, SUBJECT, details);
  return async (trx) => void (await appendAuditEvent(trx, event, time));
}

/** The source was left before: by a move that was cut short, or to a target that was lost. */
async function goOn(
  { config, target, targetOwner, onStep }: Move,
  from: DatabaseEnd,
  to: DatabaseEnd,
): Promise<readonly TableSum[]> {
  if (Buffer.compare(from.audit.hash, to.audit.hash) === 0) return [];
  refuseFilled(target, to);
  const reader = await openReader(config.database);
  try {
    const source = { reader, dialect: await copyDialect(config.database) };
    const run = createRunKey(systemClock.nowSeconds());
    const before = to.initialCopy;
    return await copyAcross({ config, source, target, owner: targetOwner, before, run, onStep });
  } finally {
    await reader.close();
  }
}

/** Until the trail of the target goes on. Answers the number of the event that tells of the move. */
async function arrive({ config, sourceOwner, target, targetOwner, signer }: Move): Promise<number> {
  // What this host remembers of the ledger, it remembers of the source.
  const formerOwner = sourceOwner.id;
  const options = { config, database: target, owner: targetOwner, formerOwner, signer };
  return await withCertifiedStore(options, async ({ writer }) => {
    const details = { from: engineOf(config.database), to: engineOf(target) };
    const event = actOf(KEYWARD, DATABASE_MOVED, SUBJECT, details);
    const { sequence } = await writer.transaction((trx) =>
      appendAuditEvent(trx, event, systemClock.nowSeconds()),
    );
    return sequence;
  });
}
