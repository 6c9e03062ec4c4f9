import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FaultyProxy } from '../../scripts/history/proxy.ts';
import { keyward } from '../support/command-line.ts';
import { furtherFront } from '../support/further-front.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { createShim, type Shim } from '../support/shim.ts';
import { SOFTHSM_MODULE } from '../support/softhsm.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const within = { timeout: 120_000, interval: 50 };
const REJECTED = 'the HSM rejected the PIN of';
const STOPPED = 'signer stopped: an operator has to look';

describe.skipIf(NO_POSTGRES)(`I9: two hosts with a PIN file each, on ${POSTGRES}`, () => {
  const folder = temporaryFolder();
  let shim: Shim;
  let fronts: readonly [RunningService, RunningService];
  let proxy: FaultyProxy;
  let sign: string;

  beforeAll(async () => {
    shim = await createShim({ realModule: SOFTHSM_MODULE });
    const { url } = await createDatabase();
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    const first = await startService({ shim, config: { database: { url_file, durability: 'single' } } });
    sign = (await first.provision({ id: 'payments' })).sign;
    const { searchParams, pathname } = new URL(url);
    proxy = await FaultyProxy.listen(`${searchParams.get('host')}/.s.PGSQL.${searchParams.get('port')}`);
    const through = `postgres://keyward@127.0.0.1:${proxy.port}${pathname}?sslmode=disable`;
    fronts = [first, await furtherFront(first, through)];
    // It is a login, and the next one comes in an hour.
    await first.logged(({ msg }) => msg === 'inventory taken');
  });
  afterEach(() => shim.control([]));
  afterAll(async () => {
    await Promise.all(fronts?.map((front) => front.stop()) ?? []);
    await proxy?.close();
    await fronts?.[0].remove();
    shim?.remove();
    folder.remove();
  });

  const pinOf = ({ hsm }: RunningService) => hsm.settings.pinFile;
  const spoil = (front: RunningService) => writeFileSync(pinOf(front), 'not-the-pin\n');
  const mend = (front: RunningService) => writeFileSync(pinOf(front), `${front.hsm.pin}\n`);
  const readied = ({ log }: RunningService) => log.filter(({ msg }) => msg === 'signer ready').length;
  const stops = ({ log }: RunningService) => log.filter(({ msg }) => msg === STOPPED);
  const issue = (front: RunningService) =>
    front.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  const killSigner = (front: RunningService) => process.kill(front.signerPid(), 'SIGKILL');
  const latched = async (front: RunningService, ...former: readonly unknown[]) => {
    await front.logged((line) => line.msg === STOPPED && !former.includes(line));
    return String(stops(front).at(-1)?.why);
  };
  const opens = (front: RunningService) =>
    expect.poll(async () => (await issue(front)).status, within).toBe(201);
  /** With a new signer, which logs in once more. */
  const replaced = async (...which: readonly RunningService[]) => {
    const before = which.map(readied);
    which.forEach(killSigner);
    for (const [at, front] of which.entries()) {
      await expect.poll(() => readied(front), within).toBeGreaterThan(before[at] ?? 0);
      await opens(front);
    }
  };
  const hostOf = (front: RunningService) => `${hostname()} (process ${front.process.pid})`;
  const clearAt = (front: RunningService) => front.operations('POST', '/v1/admin/hsm/primary/clear-latch');
  const findings = async ({ configFile }: RunningService) =>
    (await keyward(['doctor'], { environment: { configFile } })).out;
  const told = async () =>
    JSON.stringify((await fronts[0].operations('GET', '/v1/admin/events?type=hsm.pin_rejected')).body);
  /** How many logins it takes. */
  const logins = async (work: () => Promise<unknown>) => {
    const before = shim.calls('C_Login');
    await work();
    return shim.calls('C_Login') - before;
  };

  it('log in one after the other', async () => {
    shim.control(['C_Login delay 300 before']);
    expect(await logins(() => replaced(...fronts))).toBe(2);
  });

  it('burn one try where the file of one is wrong, and the other goes on', async () => {
    const [good, bad] = fronts;
    spoil(bad);
    const former = stops(bad);
    const burnt = await logins(async () => {
      killSigner(bad);
      expect(await latched(bad, ...former)).toContain('the HSM rejected the PIN');
    });
    expect(burnt).toBe(1);
    expect((await issue(bad)).body.code).toBe('pin_latched');
    expect((await issue(good)).status).toBe(201);
    // Its very file was right before, so it is not the one that was rejected.
    expect(await logins(() => replaced(good))).toBe(1);
    await expect.poll(told, within).toContain(`on ${hostOf(bad)}: the HSM rejected the PIN`);

    mend(bad);
    expect((await clearAt(good)).body).toEqual({ token: 'primary', open: true });
    await opens(bad);
    const { events } = (await good.operations('GET', '/v1/admin/audit?limit=1000')).body;
    const cleared = events.findLast(({ type }: { type: string }) => type === 'hsm.pin_latch_cleared');
    expect(cleared.details).toMatchObject({
      was: 'rejected',
      host: hostOf(bad),
    });
  });

  it('burn one try where the files of both are wrong, and both come up once that is mended', async () => {
    const [first, second] = fronts;
    fronts.forEach(spoil);
    const former = fronts.flatMap(stops);
    let why: readonly string[] = [];
    const burnt = await logins(async () => {
      fronts.forEach(killSigner);
      why = await Promise.all(fronts.map((front) => latched(front, ...former)));
    });
    expect(burnt).toBe(1);
    const [ofTried, ofOther] = why[0]?.includes('C_Login') ? why : [...why].reverse();
    expect(ofTried).toContain('CKR_PIN_INCORRECT');
    expect(ofOther).toMatch(/the HSM rejected the PIN of .* \(process \d+\); no PIN is tried/);
    for (const front of fronts) {
      const { body } = await front.data('GET', '/readyz');
      expect(body.checks).toContainEqual(expect.objectContaining({ name: 'sign', code: 'pin_latched' }));
    }
    // One that starts anew says so, too, and tries nothing.
    expect(await logins(() => expect(second.restart()).rejects.toThrow('the HSM rejected the PIN'))).toBe(0);
    expect(await logins(async () => expect(await findings(second)).toContain(REJECTED))).toBe(0);

    fronts.forEach(mend);
    await clearAt(first);
    await opens(first);
    await expect.poll(() => findings(second), within).toMatch(/ok +pin attempts/);
    fronts = [first, await second.restart()];
    await opens(fronts[1]);
  });

  it('burn one try for all hosts that would join with a wrong file, and those that serve tell of it', async () => {
    const [first] = fronts;
    spoil(first);
    const before = (await told()).length;
    const join = () => expect(furtherFront(first)).rejects.toThrow('the HSM rejected the PIN');
    expect(await logins(join)).toBe(1);
    expect(await logins(join)).toBe(0);
    await expect.poll(async () => (await told()).length, within).toBeGreaterThan(before);
    expect(await told()).toContain(`"why":"${REJECTED}`);
    mend(first);
    await clearAt(first);
    expect(await logins(() => replaced(...fronts))).toBe(2);
  });

  it('need no hand after the kill of one that was trying', async () => {
    const [first, second] = fronts;
    shim.control(['C_Login hang after at 1']);
    const hung = shim.calls('hang');
    killSigner(second);
    await expect.poll(() => shim.calls('hang'), within).toBe(hung + 1);
    const children = childrenOf(second.process.pid);
    second.process.kill('SIGKILL');
    for (const pid of children) process.kill(pid, 'SIGKILL');
    await second.stop();
    await replaced(first);
    fronts = [first, await second.restart()];
    await opens(fronts[1]);
    expect(fronts.flatMap(stops).filter(({ why }) => String(why).includes('not known'))).toEqual([]);
  });

  it('try nothing while the database is away', async () => {
    const [, second] = fronts;
    const tries = await logins(async () => {
      proxy.refuse();
      killSigner(second);
      await second.logged(({ msg, why }) => /HSM away/.test(String(msg)) && /database/.test(String(why)));
    });
    expect(tries).toBe(0);
    const { status, body } = await issue(second);
    expect([status, body.code]).toEqual([503, 'hsm_unavailable']);
    expect(
      await logins(async () => {
        proxy.release();
        await opens(second);
      }),
    ).toBe(1);
  });
});

function childrenOf(pid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => parentOf(each) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return undefined;
  }
}
