import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkAsUser } from '../support/link-as-user.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { type SignerHost, startSignerHost } from '../support/signer-host.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const IS_ROOT = process.getuid?.() === 0;
/** Of nobody on any host; the front is in the group of the socket alone, and the signer in none but its own. */
const CLIENTS = 64_123;
const SIGNER = { uid: 64_121, gid: 64_121 };
const FRONT = { uid: 64_122, gid: CLIENTS };
/** Long enough for a replacement on a busy machine. */
const RECOVERY = { timeout: 60_000, interval: 50 };

/** Zombies are gone too. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/cmdline`) && readFileSync(`/proc/${pid}/cmdline`).length > 0;
}

describe('a service whose signer runs by itself', () => {
  let host: SignerHost;
  let service: RunningService;
  let sign: string;
  const own = temporaryFolder();

  beforeAll(async () => {
    service = await startService({
      // The folder of the token becomes the signer's.
      config: {
        database: { file: join(own.path, 'keyward.db') },
        ledger: { archive_dir: join(own.path, 'ledger-archive') },
      },
      signer: async (hsm) => {
        host = await startSignerHost(hsm, { as: IS_ROOT ? SIGNER : undefined });
        return host;
      },
    });
    ({ sign } = await service.provision({ id: 'payments' }));
  });
  afterAll(async () => {
    await service?.remove();
    await host?.kill();
    own.remove();
  });

  const issue = async () =>
    (await service.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } })).status;

  it('issues, and names neither module nor PIN nor latch', async () => {
    expect(await issue()).toBe(201);
    const told = readFileSync(service.configFile, 'utf8') + JSON.stringify(service.log);
    for (const path of [host.file, service.hsm.settings.modulePath, service.hsm.settings.pinFile]) {
      expect(told).not.toContain(path);
    }
  });

  it('a second front is refused, says both logs, and the first goes on', async () => {
    const second = linkAsUser({ uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }, host);
    const why = `another front is connected, process ${service.process.pid}`;
    expect(second).toEqual({ type: 'away', why: `the signer refused: ${why}` });
    expect(await host.logged('a front was refused')).toMatchObject({ signer: { why, hsm_token: 'primary' } });
    expect(await issue()).toBe(201);
  });

  it('its process is killed: another one comes', async () => {
    const before = service.signerPid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => service.signerPid(), RECOVERY).not.toBe(before);
    await expect.poll(issue, RECOVERY).toBe(201);
  });

  it('it is killed: an outage, until it is started again; no process of it is left', async () => {
    const before = service.signerPid();
    await host.kill();
    await service.logged(
      ({ msg, why }) =>
        msg === 'HSM away: no tokens of its keys until it is back' && /no signer listens/.test(String(why)),
    );
    expect(await issue()).toBe(503);
    await expect.poll(() => isAlive(before), RECOVERY).toBe(false);
    host = await host.start();
    await expect.poll(issue, RECOVERY).toBe(201);
  });

  it('the front is killed: its processes end, and the next front is let in', async () => {
    const before = service.signerPid();
    await service.kill();
    expect(isAlive(before)).toBe(false);
    expect(await host.logged('front disconnected')).toMatchObject({ signer: { why: 'the front is gone' } });
    service = await service.restart();
    expect(await issue()).toBe(201);
  });

  it('both are killed at once: both serve again', async () => {
    await Promise.all([service.kill(), host.kill()]);
    host = await host.start();
    service = await service.restart();
    expect(await issue()).toBe(201);
  });

  it('it stops on SIGTERM, and the front asks the next one', async () => {
    expect(await host.stop()).toBe(0);
    expect(existsSync(host.socket)).toBe(false);
    host = await host.start();
    await expect.poll(issue, RECOVERY).toBe(201);
  });
});

describe.runIf(IS_ROOT)('users of their own (needs root)', () => {
  let hsm: SoftHsm;
  let host: SignerHost;

  beforeAll(async () => {
    hsm = await createSoftHsm();
    host = await startSignerHost(hsm, { as: SIGNER, frontUser: FRONT.uid, clients: CLIENTS });
  });
  afterAll(async () => {
    await host?.kill();
    hsm?.remove();
  });

  it('the front’s is let in', () => {
    expect(linkAsUser(FRONT, host).type).toBe('ready');
  });

  it('another user of the same group is not, and root is not', async () => {
    const refused = (uid: number) => ({
      type: 'away',
      why: `the signer refused: user ${uid} is not the one that front_user names`,
    });
    expect(linkAsUser({ uid: 64_124, gid: CLIENTS }, host)).toEqual(refused(64_124));
    expect(linkAsUser({ uid: 0, gid: 0 }, host)).toEqual(refused(0));
    expect(await host.logged('a connection was refused: it is not of front_user', 2)).toMatchObject({
      signer: { uid: 0, front: FRONT.uid },
    });
  });

  it('one of another group does not reach it', () => {
    expect(linkAsUser({ uid: FRONT.uid, gid: 64_125 }, host)).toMatchObject({
      why: `${host.socket}: this user may not open it; it has to be in the group of the socket and its folder (EACCES)`,
    });
  });

  it('a front that expects another user says nothing to it', () => {
    expect(linkAsUser(FRONT, { ...host, user: '64126' })).toEqual({
      type: 'away',
      why: `${host.socket} is held by user ${SIGNER.uid}, not by 64126 (64126)`,
    });
  });

  it.each([
    ['the PIN', () => hsm.settings.pinFile],
    ['the latch', () => hsm.settings.latchFile],
    ['the settings of the signer', () => host.file],
  ])('the front’s user cannot read %s', (_, path) => {
    const { status, stdout } = spawnSync('cat', [path()], { ...FRONT, encoding: 'utf8' });
    expect([status, stdout]).toEqual([1, '']);
  });
});
