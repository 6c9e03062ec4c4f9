import type { Kysely } from 'kysely';
import { appendAuditEvent } from '../db/append-audit-event.ts';
import { headOf } from '../db/chain-end.ts';
import type { FrontDatabase } from '../db/engine.ts';
import type { Trx } from '../db/schema.ts';
import { takesTwoByNow } from '../kernel/acts.ts';
import { systemClock } from '../kernel/clock.ts';
import { KeywardError } from '../kernel/errors.ts';
import { NO_ATTEMPTS, occasionOf, type PinPermit, type TokenIdentity } from './pin-permit.ts';
import type { PinPermitStore } from './pin-permits.ts';

/** Of PostgreSQL alone, beside the tables of both engines. */
interface Tables {
  pin_permits: {
    token_label: string;
    token_serial: string;
    attempts: number;
    front: string;
    attempt: string;
    host: string;
    since: number;
    rejected_host: string | null;
    rejected_at: number | null;
    was_accepted: 0 | 1 | null;
  };
}
type Row = Omit<Tables['pin_permits'], 'token_label' | 'token_serial'>;

export function createPinPermitStore(database: FrontDatabase): PinPermitStore {
  const { id, isThere, read, transaction } = database;
  return {
    front: id,
    read: (token) => read((trx) => permitOf(trx, token)),
    change: (token, judge) =>
      transaction(async (trx) => {
        const found = await locked(trx, token);
        const isHeld = found.front !== '' && (await isThere(trx, found.front));
        const { sequence: auditEnd } = await headOf(trx, 'audit');
        const { permit, answer } = judge({ permit: found, isHeld, auditEnd });
        if (permit !== found) await put(trx, token, permit);
        return answer;
      }),
    clear: (token, event, isAlone) =>
      transaction(async (trx) => {
        const permit = await locked(trx, token);
        const { front, host } = permit;
        if (isAlone && occasionOf(permit) !== undefined) throw takesTwoByNow();
        if (front !== '' && (await isThere(trx, front))) {
          throw new KeywardError('hsm_unavailable', `${host} is trying the PIN; try again`, {
            retryAfterSeconds: 1,
          });
        }
        await put(trx, token, NO_ATTEMPTS);
        await appendAuditEvent(trx, event, systemClock.nowSeconds());
      }),
  };
}

/** A row that is not there yet cannot be locked. */
async function locked(trx: Trx, token: TokenIdentity): Promise<PinPermit> {
  await tablesOf(trx)
    .insertInto('pin_permits')
    .values({ token_label: token.label, token_serial: token.serial, ...toRow(NO_ATTEMPTS) })
    .onConflict((conflict) => conflict.columns(['token_label', 'token_serial']).doNothing())
    .execute();
  return await permitOf(trx, token, true);
}

async function permitOf(trx: Trx, { label, serial }: TokenIdentity, isLocked = false): Promise<PinPermit> {
  const row = await tablesOf(trx)
    .selectFrom('pin_permits')
    .selectAll()
    .where('token_label', '=', label)
    .where('token_serial', '=', serial)
    .$if(isLocked, (query) => query.forUpdate())
    .executeTakeFirst();
  return row ? fromRow(row) : NO_ATTEMPTS;
}

async function put(trx: Trx, { label, serial }: TokenIdentity, permit: PinPermit): Promise<void> {
  await tablesOf(trx)
    .updateTable('pin_permits')
    .set(toRow(permit))
    .where('token_label', '=', label)
    .where('token_serial', '=', serial)
    .execute();
}

function tablesOf(trx: Trx): Kysely<Tables> {
  return trx as unknown as Kysely<Tables>;
}

function fromRow({ attempts, front, attempt, host, since, ...row }: Row): PinPermit {
  const { rejected_host, rejected_at, was_accepted } = row;
  const rejection =
    rejected_at === null
      ? null
      : { host: rejected_host ?? '', at: rejected_at, wasAccepted: was_accepted === 1 };
  return { attempts, front, attempt, host, since, rejection };
}

function toRow({ rejection, attempts, front, attempt, host, since }: PinPermit): Row {
  return {
    attempts,
    front,
    attempt,
    host,
    since,
    rejected_host: rejection?.host ?? null,
    rejected_at: rejection?.at ?? null,
    was_accepted: rejection ? (rejection.wasAccepted ? 1 : 0) : null,
  };
}
