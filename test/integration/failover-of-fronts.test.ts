import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinnedKeys, readSignedKeySet } from '../../src/client/read-key-set.ts';
import { furtherFront } from '../support/further-front.ts';
import { createDatabase } from '../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../support/postgres/programs.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { createSoftHsm, type SoftHsm } from '../support/softhsm.ts';
import { takeAway } from '../support/take-away.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { loadTokens } from '../support/token-load.ts';

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly hsm_token: string;
}

const within = { timeout: 120_000, interval: 100 };
/** A standby is known to every verifier after a second. */
const policy = { jwks_max_age_seconds: 1, max_stale_seconds: 0, clock_skew_seconds: 0 };

describe.skipIf(NO_POSTGRES)(`two fronts on ${POSTGRES}, with keys on two HSM tokens`, () => {
  const folder = temporaryFolder();
  let further: SoftHsm;
  let fronts: readonly [RunningService, RunningService];
  let clients: { sign: string; verify: string };

  beforeAll(async () => {
    further = await createSoftHsm('issuer-b');
    const { url } = await createDatabase();
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    const first = await startService({
      furtherTokens: { 'issuer-b': further },
      config: { database: { url_file, durability: 'single' } },
    });
    clients = await first.provision({ id: 'payments', standby_token: 'issuer-b', policy });
    fronts = [first, await furtherFront(first)];
  });
  afterAll(async () => {
    await Promise.all(fronts?.map((front) => front.stop()) ?? []);
    await fronts?.[0].remove();
    further?.remove();
    folder.remove();
  });

  const leading = () =>
    Promise.all(
      fronts.map(async ({ operationsUrl }) => {
        const text = await (await fetch(new URL('/metrics', operationsUrl))).text();
        return Number(/^keyward_leader (\d)$/m.exec(text)?.[1]);
      }),
    );
  const issue = ({ data }: RunningService) =>
    data('POST', '/v1/scopes/payments/tokens', clients.sign, { claims: { sub: 'alice' } });
  const outcome = async (front: RunningService) => {
    const { status, body } = await issue(front);
    return status === 201 ? kidOf(body.token) : body.code;
  };
  const outcomes = () => Promise.all(fronts.map(outcome));
  const verdict = async ({ data }: RunningService, token: string) =>
    (await data('POST', '/v1/scopes/payments/verify', clients.verify, { token })).body;
  const keys = async ({ operations }: RunningService): Promise<readonly Key[]> =>
    (await operations('GET', '/v1/admin/keys?scope=payments')).body.keys;
  const active = async (front: RunningService) =>
    (await keys(front)).find(({ state }) => state === 'active')?.kid;
  const placesAt = async (front: RunningService) =>
    Object.fromEntries(
      (await keys(front))
        .filter(({ state }) => state === 'active' || state === 'pre_activation')
        .map(({ state, hsm_token }) => [state, hsm_token]),
    );
  const places = () => Promise.all(fronts.map(placesAt));
  const failovers = async () =>
    (await fronts[0].operations('GET', '/v1/admin/events?type=hsm.failed_over')).body.events;

  it('go on with the key that signs where the HSM is away from the one that leads: the other leads', async () => {
    const [first, second] = fronts;
    expect(await leading()).toEqual([1, 0]);
    const kid = await active(first);
    const file = first.hsm.environment.SOFTHSM2_CONF ?? '';
    const configuration = readFileSync(file, 'utf8');
    writeFileSync(file, configuration.replace(first.hsm.tokenFolder, folder.path));
    process.kill(first.signerPid(), 'SIGKILL');
    await expect.poll(() => outcome(first), within).toBe('hsm_unavailable');
    await expect.poll(leading, within).toEqual([0, 1]);
    expect(await outcome(second)).toBe(kid);
    writeFileSync(file, configuration);
    await expect.poll(outcomes, within).toEqual([kid, kid]);
    expect(await failovers()).toEqual([]);
  });

  it('go on with the standby on the other token where one is away from both, and its return needs no hand', async () => {
    const [first] = fronts;
    const former = await active(first);
    const loads = fronts.map((front) => loadTokens(front, 'payments', clients.sign));
    await Promise.all(loads.map((load) => load.nextToken()));
    const bringBack = takeAway(first.hsm);
    await Promise.all(loads.map((load) => load.nextRefusal()));
    await expect.poll(places, within).toMatchObject([{ active: 'issuer-b' }, { active: 'issuer-b' }]);
    await Promise.all(loads.map((load) => load.nextToken()));
    await Promise.all(loads.map((load) => load.stop()));
    const kid = await active(first);
    for (const { tokens, refusals } of loads) {
      expect(new Set(tokens.map(kidOf))).toEqual(new Set([former, kid]));
      expect(new Set(refusals.map(({ body }) => body.code))).toEqual(new Set(['hsm_unavailable']));
      for (const front of fronts) {
        expect(await verdict(front, tokens[0] ?? '')).toMatchObject({ valid: true, kid: former });
        expect(await verdict(front, tokens.at(-1) ?? '')).toMatchObject({ valid: true, kid });
      }
    }
    // The registry key is away, and no set that it signed is valid any more.
    const pins = (await first.operations('GET', '/v1/admin/key-set-signers')).body.keys;
    const [{ issuer }] = (await first.operations('GET', '/v1/admin/scopes')).body.scopes;
    const wanted = { scope: 'payments', issuer, pinned: pinnedKeys(pins) };
    for (const front of fronts) {
      const answer = await front.data('GET', '/scopes/payments/jwks.jwt');
      expect(answer.status).toBe(200);
      const set = await readSignedKeySet(answer.body, wanted, Math.floor(Date.now() / 1_000) - 1);
      expect([...set.keys.keys()]).toContain(kid);
      expect(JSON.parse(atob(answer.body.split('.')[0] ?? '')).kid).toBe(pins[1].kid);
    }
    bringBack();
    const both = { active: 'issuer-b', pre_activation: 'primary' };
    await expect.poll(places, within).toEqual([both, both]);
    expect(await outcomes()).toEqual([kid, kid]);
    await expect
      .poll(failovers, within)
      .toMatchObject([{ evidence: { hsm_token: 'primary', scopes: ['payments'] } }]);
  });

  it('obey at once where one is told that a PIN is stolen, and go on with the keys of the other token', async () => {
    const [first, second] = fronts;
    const stolen = (await issue(first)).body.token;
    const { status, body } = await second.operations('POST', '/v1/admin/hsm/issuer-b/compromise', {
      reason: 'the PIN was in a mail',
    });
    expect([status, body.waiting]).toEqual([200, []]);
    const [{ kid }] = body.promoted;
    await expect.poll(outcomes, within).toEqual([kid, kid]);
    for (const front of fronts) {
      await expect
        .poll(() => verdict(front, stolen), within)
        .toEqual({ valid: false, reason: 'key_compromised' });
    }
  });
});

function kidOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
}
