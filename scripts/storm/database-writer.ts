import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pkcs11js from 'pkcs11js';
import { contentOf } from '../../src/db/signed/tables.ts';
import { forgeRecords } from '../../test/support/forge-records.ts';
import { openWorkbench } from '../../test/support/hsm-workbench.ts';
import { restoreTables } from '../../test/support/restore-tables.ts';
import type { RunningService } from '../../test/support/running-service.ts';
import { query } from '../../test/support/store-database.ts';
import { tablesOfSet } from '../../test/support/tamper/table-sets.ts';
import type { Row } from '../../test/support/tampering.ts';
import { appendEvent } from './append-event.ts';
import type { Attack } from './attack.ts';
import { critical, type DatabaseStage, onDatabase, startedOn, write } from './database-stage.ts';
import { recordOf } from './record-of.ts';

const FAR = 9_000_000_000_000;
const FORTY_DAYS = 40 * 86_400;

/** A record, in a group of its own, makes a forged token good, and goes again. */
export const ghostRecord: Attack = {
  name: 'ghost record of a forged token',
  play: () =>
    onDatabase((stage) =>
      served(stage, async (service) => {
        forgeRecords(stage.ground.database, [recordOf(stage.forged, 'payments')], { group: -1, record: FAR });
        const verdict = await verdictOf(service, stage, 'payments', stage.forged);
        write(stage.ground, (db) => {
          for (const table of ['issuance_records', 'ledger_groups', 'ledger_row_hashes'])
            db.exec(`DELETE FROM ${table} WHERE rowid IN (${FAR}, -1)`);
        });
        return {
          refused: `token by payments: ${verdict}`,
          failed: verdict === 'never_issued',
          heard: [
            await critical(service, 'token.never_issued'),
            await critical(service, 'audit.chain_broken'),
          ],
        };
      }),
    ),
};

/** An event with the right hash behind the last one: the next checkpoint would seal it. */
export const foreignAppend: Attack = {
  name: 'foreign event in the audit trail',
  play: () =>
    onDatabase((stage) =>
      served(stage, async (service) => {
        write(stage.ground, (db) =>
          appendEvent(db, {
            type: 'security_event.resolved',
            actor: 'nobody',
            subject: 'security_event:1',
            detailsJson: '{"step":1,"note":"a drill"}',
          }),
        );
        const rule = { scope: 'payments', jti: 'B'.repeat(22), reason: 'storm' };
        const { body } = await service.operations('POST', '/v1/admin/revocations', rule);
        return {
          refused: `every change: ${body.code}`,
          failed: body.code === 'audit_trail_refused',
          heard: [await critical(service, 'audit.chain_broken')],
        };
      }),
    ),
};

/** What ended a token is gone with its row, after a kill and before the checkpoint. */
export const revocationUndone: Attack = {
  name: 'revocation undone after a kill',
  play: () =>
    onDatabase(async (stage) => {
      write(stage.ground, (db) => db.exec('DELETE FROM revocations'));
      return startAgain(stage, { scope: 'payments', token: stage.revoked, event: 'audit.chain_broken' });
    }),
};

/** The registry of before the compromise, which no checkpoint covers. */
export const registryPutBack: Attack = {
  name: 'registry put back before the checkpoint',
  play: () =>
    onDatabase(async (stage) => {
      restoreTables(stage.ground.database, stage.older, tablesOfSet('registry_rows'));
      return startAgain(stage, { scope: 'mail', token: stage.ofCompromised, event: 'database.restored' });
    }),
};

/** An emergency that nobody declared: the key of `payments` is compromised, and its private half to be destroyed. */
export const pendingRow: Attack = {
  name: 'hand-written pending row',
  play: () =>
    onDatabase(async (stage) => {
      const before = await privateKeysIn(stage);
      write(stage.ground, (db) => {
        const key = db
          .prepare(`SELECT * FROM signing_keys WHERE scope_id = 'payments' AND state = 'active'`)
          .get() as Row;
        const pending = contentOf({
          ...key,
          state: 'compromised',
          compromised_at: Number(key.created_at) + 1,
        });
        db.prepare(
          `UPDATE registry_rows SET pending = ? WHERE table_name = 'signing_keys' AND row_id = ?`,
        ).run(pending, key.hsm_id ?? null);
        appendEvent(db, {
          type: 'key.compromised',
          actor: 'operator',
          subject: `key:${key.kid}`,
          detailsJson: JSON.stringify({ unsigned: [`signing_keys ${key.hsm_id}`] }),
        });
      });
      const started = await startedOn(stage.ground);
      if ('refused' in started) return { refused: `start: ${started.refused}`, failed: true, heard: [] };
      try {
        const heard = [await critical(started.service, 'audit.unwitnessed')];
        const destroyed = before - (await privateKeysIn(stage));
        const pending = query(
          stage.ground.database,
          'SELECT row_id FROM registry_rows WHERE pending IS NOT NULL',
        );
        return {
          refused: `rows signed: ${1 - pending.length}; private keys destroyed: ${destroyed}`,
          failed: destroyed === 0 && pending.length === 1,
          heard,
        };
      } finally {
        await started.service.kill();
      }
    }),
};

async function privateKeysIn({ ground }: DatabaseStage): Promise<number> {
  const workbench = await openWorkbench(ground.hsm);
  try {
    return (await workbench.ids(pkcs11js.CKO_PRIVATE_KEY)).length;
  } finally {
    await workbench.stop();
  }
}

/** No attacker, but a machine whose clock is 40 days ahead at the start, and right again later. */
export const clockAhead: Attack = {
  name: 'clock 40 days ahead at start',
  play: () =>
    onDatabase(async (stage) => {
      const before = await privateKeysIn(stage);
      const shift = (seconds: number) =>
        writeFileSync(join(stage.ground.folder, 'clock-shift'), String(seconds));
      shift(FORTY_DAYS);
      const started = await startedOn(stage.ground);
      if ('refused' in started) return { refused: `start: ${started.refused}`, failed: true, heard: [] };
      const { service } = started;
      const heard = [await critical(service, 'clock.jump')];
      const ahead = await issueOn(service, stage);
      const destroyed = before - (await privateKeysIn(stage));
      await service.kill();
      shift(0);
      const right = await startedOn(stage.ground);
      if ('refused' in right) return { refused: `start: ${right.refused}`, failed: false, heard };
      const after = await issueOn(right.service, stage);
      await right.service.kill();
      return {
        refused: `token: ${ahead}; keys destroyed: ${destroyed}; once it is right: ${after ?? 'issued'}`,
        failed: ahead !== undefined && destroyed === 0 && after === undefined,
        heard,
      };
    }),
};

/** Why it issues nothing; undefined where it does. */
async function issueOn(service: RunningService, { clients }: DatabaseStage): Promise<string | undefined> {
  const claims = { sub: 'alice' };
  const { body } = await service.data('POST', '/v1/scopes/payments/tokens', clients.payments.sign, {
    claims,
  });
  return body.code;
}

interface Tried {
  readonly scope: 'payments' | 'mail';
  readonly token: string;
  /** What the start is to tell. */
  readonly event: string;
}

async function startAgain(stage: DatabaseStage, { scope, token, event }: Tried) {
  const started = await startedOn(stage.ground);
  if ('refused' in started) return { refused: `start: ${started.refused}`, failed: true, heard: [] };
  try {
    const heard = [await critical(started.service, event)];
    const verdict = await verdictOf(started.service, stage, scope, token);
    return { refused: `token by ${scope}: ${verdict}`, failed: verdict !== undefined, heard };
  } finally {
    await started.service.kill();
  }
}

async function served<T>(stage: DatabaseStage, play: (service: RunningService) => Promise<T>): Promise<T> {
  const started = await startedOn(stage.ground);
  if ('refused' in started) throw new Error(`the service does not start: ${started.refused}`);
  try {
    return await play(started.service);
  } finally {
    await started.service.kill();
  }
}

/** Why the service refuses the token; undefined where it does not. */
async function verdictOf(
  service: RunningService,
  { clients }: DatabaseStage,
  scope: 'payments' | 'mail',
  token: string,
): Promise<string | undefined> {
  const { body } = await service.data('POST', `/v1/scopes/${scope}/verify`, clients[scope].verify, { token });
  return body.valid === true ? undefined : (body.reason ?? body.code);
}
