import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { forgeToken } from '../../test/support/forge-token.ts';
import { openWorkbench } from '../../test/support/hsm-workbench.ts';
import {
  type RunningService,
  type ServiceGround,
  serveOn,
  startService,
} from '../../test/support/running-service.ts';
import { query } from '../../test/support/store-database.ts';
import { copyGround, type Ground } from '../../test/support/tamper/ground.ts';
import { HURRIED, hurry } from '../../test/support/tamper/launch.ts';
import { untilTrue } from '../../test/support/tamper/until-true.ts';
import type { Outcome } from './attack.ts';
import type { HeardAt } from './stage.ts';

/** A service that was killed, and somebody who can write to its database and has neither its HSM nor its PIN. */
export interface DatabaseStage {
  /** As the kill left it; a copy for each attack. */
  readonly ground: Ground;
  /** The database before the key of `mail` was declared compromised. */
  readonly older: string;
  /** Signed with the key of `payments` that the service signs with, by somebody who stole it. */
  readonly forged: string;
  /** Of `payments`: revoked a moment before the kill. */
  readonly revoked: string;
  /** Of `mail`: of the key that was declared compromised. */
  readonly ofCompromised: string;
  readonly clients: Readonly<Record<'payments' | 'mail', { readonly sign: string; readonly verify: string }>>;
}

const PATIENCE_MS = 20_000;

type Play = (stage: DatabaseStage) => Promise<Omit<Outcome, 'leaves' | 'since'>>;

let prepared: Promise<{ stage: DatabaseStage; remove(): void }> | undefined;

/** Plays on a copy of the same killed service as every other attack of this kind. */
export async function onDatabase(play: Play): Promise<Outcome> {
  prepared ??= prepare();
  const { stage } = await prepared;
  const ground = copyGround(stage.ground);
  const since = performance.now();
  try {
    return { leaves: [], since, ...(await play({ ...stage, ground })) };
  } finally {
    ground.remove();
  }
}

export async function removeDatabaseStage(): Promise<void> {
  (await prepared)?.remove();
}

async function prepare() {
  let service = await startService({
    shiftableClock: true,
    config: { audit: { checkpoint_seconds: 3_600 } },
  });
  try {
    const clients = {
      payments: await service.provision({ id: 'payments' }),
      mail: await service.provision({ id: 'mail' }),
    };
    const issue = async (scope: 'payments' | 'mail') => {
      const answer = await service.data('POST', `/v1/scopes/${scope}/tokens`, clients[scope].sign, {
        claims: { sub: 'alice' },
      });
      return String(answer.body.token);
    };
    const ofCompromised = await issue('mail');
    await service.stop();
    const older = copyGround(service);
    service = await serveOn(service);
    const thief = await openWorkbench(service.hsm);
    const exp = Math.floor(Date.now() / 1_000) + 3_000;
    const forged = await forgeToken(service, thief, 'payments', { exp });
    await thief.stop();
    const { keys } = (await service.operations('GET', '/v1/admin/keys?scope=mail')).body;
    const { kid } = keys.find(({ state }: { state: string }) => state === 'active');
    await service.act('POST', `/v1/admin/keys/${kid}/compromise`, { reason: 'storm' });
    // Else the next start completes it, and keys come and go whatever the attacker does.
    const database = join(service.hsm.folder, 'keyward.db');
    const completed = `SELECT 1 FROM signing_keys AS gone, signing_keys AS standby
      WHERE gone.kid = '${kid}' AND gone.private_half_destroyed_at IS NOT NULL
      AND standby.scope_id = 'mail' AND standby.state = 'pre_activation'`;
    await untilTrue(async () => query(database, completed).length > 0);
    const revoked = await issue('payments');
    const { jti } = JSON.parse(Buffer.from(revoked.split('.')[1] ?? '', 'base64url').toString());
    await service.act('POST', '/v1/admin/revocations', { scope: 'payments', jti, reason: 'storm' });
    await service.kill();
    const ground = copyGround(service);
    const stage = { ground, older: older.database, forged, revoked, ofCompromised, clients };
    return {
      stage,
      remove: () => {
        ground.remove();
        older.remove();
      },
    };
  } finally {
    await service.remove();
  }
}

/** The service on what the attacker left, or why there is none. */
export async function startedOn(
  ground: ServiceGround,
): Promise<{ readonly service: RunningService } | { readonly refused: string }> {
  try {
    return { service: await serveOn(ground, HURRIED) };
  } catch (error) {
    const [code = 'ended'] = /\b[a-z]+_(?:refused|restored|schema|ahead|damaged)\b/.exec(String(error)) ?? [];
    return { refused: code };
  }
}

/** As somebody at the file does it. */
export function write({ database }: Ground, change: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(database, { timeout: 5_000, enableForeignKeyConstraints: false });
  try {
    change(db);
  } finally {
    db.close();
  }
}

/** The first critical event of that type that the service logs; undefined after twenty seconds without. */
export async function critical(service: RunningService, type: string): Promise<HeardAt | undefined> {
  // Once would pass by a task that is just under way, and began before the attack.
  hurry(service);
  const hurrying = setInterval(hurry, 1_000, service);
  try {
    return await logged(service, type);
  } finally {
    clearInterval(hurrying);
  }
}

async function logged(service: RunningService, type: string): Promise<HeardAt | undefined> {
  const told = service
    .logged(({ level, event }) => level === 60 && event === type)
    .then(() => ({ event: { type, severity: 'critical', evidence: {} }, at: performance.now() }))
    .catch(() => undefined);
  return await Promise.race([told, pause(PATIENCE_MS, undefined, { ref: false })]);
}
