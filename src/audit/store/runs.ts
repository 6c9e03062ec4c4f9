import { appendAuditEvent } from '../../db/append-audit-event.ts';
import { camelCased, snakeCased } from '../../db/camel-case.ts';
import type { Trx, TrxReader, TrxWriter } from '../../db/schema.ts';
import { KEYWARD } from '../../kernel/actor.ts';
import { actOf } from '../../kernel/audit.ts';
import {
  type BrokenChain,
  type RecordedCertificate,
  RUN_CERTIFIED,
  RUNS_SUBJECT,
  type RunDescription,
  recordedCertificate,
  type StoredRun,
} from '../../kernel/audit-chain.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Runs } from '../trail.ts';

export function createRuns(
  reader: TrxReader,
  writer: TrxWriter,
  { id, publicKey, startedAt }: RunDescription,
  clock: Clock,
  onRepair: (found: BrokenChain) => void,
): Runs {
  let own: StoredRun = { id, publicKey, startedAt, certificate: null };
  return {
    get own() {
      return own;
    },
    async certify(certificate) {
      const certified = { ...own, certificate };
      await writer.transaction(async (trx) => {
        await putRun(trx, certified);
        const details = { run: id, certificate };
        const told = actOf(KEYWARD, RUN_CERTIFIED, RUNS_SUBJECT, details);
        await appendAuditEvent(trx, told, clock.nowSeconds());
      });
      own = certified;
    },
    certificates: () => reader.read(readCertificates),
    async repair(run, why) {
      await writer.transaction((trx) => putRun(trx, run));
      if (why !== undefined) onRepair({ place: `run ${run.id}`, why });
    },
    find: (run) => reader.read((trx) => findRun(trx, run)),
    all: () => reader.read(readRuns),
  };
}

/** Also where somebody took the row away. */
async function putRun(trx: Trx, { id, publicKey, startedAt, certificate }: StoredRun): Promise<void> {
  const set = snakeCased({ publicKey, startedAt, certificate });
  await trx
    .insertInto('runs')
    .values({ id, ...set })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(set))
    .execute();
}

async function readCertificates(trx: Trx): Promise<RecordedCertificate[]> {
  const rows = await trx
    .selectFrom('audit_events')
    .select(['sequence', 'details_json'])
    .where('subject', '=', RUNS_SUBJECT)
    .where('type', '=', RUN_CERTIFIED)
    .orderBy('sequence')
    .execute();
  return rows.flatMap(({ sequence, details_json }) => recordedCertificate(sequence, details_json) ?? []);
}

async function findRun(trx: Trx, id: string): Promise<StoredRun | undefined> {
  const row = await trx.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  return row && camelCased(row);
}

async function readRuns(trx: Trx): Promise<StoredRun[]> {
  return (await trx.selectFrom('runs').selectAll().execute()).map(camelCased);
}
