import { hash } from 'node:crypto';
import { join } from 'node:path';
import { loadConfig } from '../../src/config.ts';
import { ownDatabase } from '../../src/db/open-engine.ts';
import { lazySigner } from '../../src/hsm/tokens.ts';
import { createRunKey, type RunKey } from '../../src/kernel/audit-chain.ts';
import type { IssuanceRecord } from '../../src/kernel/issuance.ts';
import { withCertifiedStore } from '../../src/moving/certified-store.ts';
import { freePorts } from '../../test/support/free-port.ts';
import { type RunningService, startService } from '../../test/support/running-service.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { query } from '../../test/support/store-database.ts';
import { HURRIED } from '../../test/support/tamper/launch.ts';
import { untilTrue } from '../../test/support/tamper/until-true.ts';
import { fillLedger } from '../benchmark/fill-ledger.ts';
import type { Options } from './options.ts';
import { People, SCOPE } from './people.ts';

const DAY = 86_400;
const MONTH = 30 * DAY;
const POLICY = {
  record_subject: 'plain',
  root_claim: 'txn',
  max_ttl_seconds: DAY,
  default_ttl_seconds: DAY - 600,
  // However few days the service runs on, its keys live: people rotate them.
  cryptoperiod_seconds: 2 * MONTH,
  jwks_max_age_seconds: 10,
};
/** Those before lie in the archive once the service has come to it. */
const ONLINE_DAYS = 25;
const SUBJECTS = 5_000;
const GROUP_SIZE = 8;

export interface Month {
  readonly service: RunningService;
  readonly people: People;
  readonly grants: { readonly sign: string; readonly verify: string };
}

/** A service on SQLite that lived through a month and runs; whoever asks removes it. */
export async function liveAMonth(
  { records, days, seed }: Pick<Options, 'records' | 'days' | 'seed'>,
  onStep: (what: string) => void,
): Promise<Month> {
  const people = new People();
  const random = seededRandom(seed);
  const [port] = await freePorts(1);
  let service = await startService({
    launch: HURRIED,
    shiftableClock: true,
    clockShiftSeconds: -MONTH,
    config: {
      database: { file: 'keyward.db' },
      data_plane: { port, public_url: `http://127.0.0.1:${port}` },
      clock: { max_downtime_seconds: 2 * MONTH, settle_seconds: 0 },
      ledger: { online_days: ONLINE_DAYS },
      leaks: people.leaks,
    },
  });
  try {
    const grants = await service.provision({ id: SCOPE, policy: POLICY });
    for (let day = 0; day < days; day++) {
      onStep(`day ${day + 1} of ${days}`);
      if (day > 0) {
        service.shiftClock(Math.round((day * MONTH) / days) - MONTH);
        service = await service.restart();
        if (day % 3 === 1) await untilTrue(() => people.rotate(service));
      }
      await liveADay({ service, people, grants }, random, day === days - 1 || day % 3 === 0);
    }
    await service.stop();
    onStep(`${records} records`);
    // The signer goes by the same clock.
    service.shiftClock(0);
    await fill(service, records);
    return { service: await service.restart(), people, grants };
  } catch (error) {
    await service.remove();
    throw error;
  }
}

async function liveADay(
  { service, people, grants }: Month,
  random: () => number,
  all: boolean,
): Promise<void> {
  const issue = () => people.issue(service, grants.sign);
  const acts = [
    async () => people.revoke(service, await issue(), 'jti'),
    async () => people.revoke(service, await issue(), 'root'),
    () => people.erase(service, `user-${Math.floor(random() * SUBJECTS)}`),
    () => people.report(service),
    () => people.plantCanary(service),
    () => people.leakCredential(service),
    issue,
  ];
  for (const act of acts) if (all || random() < 0.5) await act();
}

/** Into the database of a service that does not run, sealed by a run that the audit key certified. */
async function fill({ configFile, hsm }: RunningService, count: number): Promise<void> {
  const config = loadConfig(configFile);
  const file = join(hsm.folder, 'keyward.db');
  const owner = await ownDatabase({ file });
  const now = Math.floor(Date.now() / 1_000);
  const run: RunKey = createRunKey(now);
  const signer = lazySigner(config, { of: () => undefined });
  try {
    await withCertifiedStore({ config, database: { file }, owner, signer, run }, async () => {});
  } finally {
    await signer.stop();
    await owner.release();
  }
  const keys = query(file, 'SELECT kid, activated_at AS at FROM signing_keys WHERE activated_at IS NOT NULL');
  keys.sort((one, other) => Number(one.at) - Number(other.at));
  const first = Number(keys[0]?.at);
  fillLedger(file, count, GROUP_SIZE, run, (n) => {
    const iat = Math.min(now, first + Math.floor((n * (now - first)) / count));
    return recordOf(n, iat, String(keys.findLast(({ at }) => Number(at) <= iat)?.kid));
  });
}

function recordOf(n: number, iat: number, kid: string): IssuanceRecord {
  const digest = hash('sha256', `record ${n}`, 'buffer');
  return {
    digest,
    scopeId: SCOPE,
    kid,
    jti: digest.toString('base64url', 0, 16),
    clientId: `${SCOPE}-sign`,
    subject: `user-${n % SUBJECTS}`,
    root: null,
    traceId: null,
    iat,
    exp: iat + 300,
  };
}
