import { readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { furtherFront } from '../../support/further-front.ts';
import { createDatabase } from '../../support/postgres/create-database.ts';
import { NO_POSTGRES, POSTGRES } from '../../support/postgres/programs.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { queryPostgres } from '../../support/store-database.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const within = { timeout: 120_000, interval: 50 };
/** A front asks each second what others did about its latch. */
const FOLLOWED_MS = 4_000;
const STOPPED = 'signer stopped: an operator has to look';

describe.skipIf(NO_POSTGRES)(`a PIN latch that two persons clear, at two fronts on ${POSTGRES}`, () => {
  const folder = temporaryFolder();
  let url: string;
  let good: RunningService;
  let bad: RunningService;
  let sign: string;

  beforeAll(async () => {
    url = (await createDatabase()).url;
    const url_file = join(folder.path, 'database-url');
    writeFileSync(url_file, url, { mode: 0o600 });
    good = await startService({ twoPersons: true, config: { database: { url_file, durability: 'single' } } });
    sign = (await good.provision({ id: 'payments' })).sign;
    bad = await furtherFront(good);
    // It is a login, and the next one comes in an hour.
    await good.logged(({ msg }) => msg === 'inventory taken');
  }, 120_000);
  afterAll(async () => {
    await Promise.all([good, bad].map((front) => front?.stop()));
    await good?.remove();
    folder.remove();
  });

  const issue = (front: RunningService) =>
    front.data('POST', '/v1/scopes/payments/tokens', sign, { claims: { sub: 'alice' } });
  const opens = (front: RunningService) =>
    expect.poll(async () => (await issue(front)).status, within).toBe(201);
  const asBob = (front: RunningService, method: string, path: string) =>
    front.operations(method, `/v1/admin/proposals/${path}`, undefined, good.approver);
  const approve = (front: RunningService, id: string) => asBob(front, 'POST', `${id}/approve`);
  const stateAt = async (front: RunningService, id: string) =>
    (await asBob(front, 'GET', id)).body.proposal?.state;
  const propose = async (front: RunningService): Promise<string> => {
    const { status, body } = await front.operations('POST', '/v1/admin/hsm/primary/clear-latch');
    expect([status, body.proposal?.act]).toEqual([202, 'hsm.clear_pin_latch']);
    return body.proposal.id;
  };
  const mend = () => writeFileSync(bad.hsm.settings.pinFile, `${bad.hsm.pin}\n`);
  /** Has the HSM reject the PIN of one of them: it burns one try. */
  const latch = async () => {
    const former = bad.log.filter(({ msg }) => msg === STOPPED);
    writeFileSync(bad.hsm.settings.pinFile, 'not-the-pin\n');
    process.kill(bad.signerPid(), 'SIGKILL');
    await bad.logged((line) => line.msg === STOPPED && !former.includes(line));
    // Until the front has told it, its attempt is under way.
    const rejected = 'SELECT 1 FROM keyward.pin_permits WHERE rejected_at IS NOT NULL';
    await expect.poll(() => queryPostgres(url, rejected), within).toHaveLength(1);
  };
  const latchOf = ({ hsm }: RunningService) => JSON.parse(readFileSync(hsm.settings.latchFile, 'utf8')).state;
  const cleared = async () => {
    const { events } = (await good.operations('GET', '/v1/admin/audit?limit=1000')).body;
    return events.filter(({ type }: { type: string }) => type === 'hsm.pin_latch_cleared').length;
  };

  it('is proposed at one and approved at the other, and cleared at both; once', async () => {
    await latch();
    const id = await propose(bad);
    await expect.poll(() => stateAt(good, id), within).toBe('open');
    const own = await good.operations('POST', `/v1/admin/proposals/${id}/approve`);
    expect([own.status, own.body.code]).toEqual([403, 'self_approval']);
    expect(latchOf(bad)).toBe('rejected');
    mend();
    const approved = await approve(good, id);
    expect([approved.status, approved.body.result]).toEqual([200, { token: 'primary', open: true }]);
    await opens(bad);
    expect([latchOf(good), latchOf(bad)]).toEqual(['clear', 'clear']);
    for (const front of [bad, good]) {
      expect((await approve(front, id)).body.code).toBe('proposal_executed');
      expect(await stateAt(front, id)).toBe('executed');
    }
    expect(await cleared()).toBe(1);
  });

  it('is approved at both at once, and cleared once', async () => {
    const before = await cleared();
    await latch();
    const id = await propose(good);
    mend();
    const both = await Promise.all([approve(good, id), approve(bad, id)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status !== 200)?.body.code).toMatch(/^proposal_(executed|outdated)$/);
    await opens(bad);
    expect(await cleared()).toBe(before + 1);
  });

  it('is known to a front that was started anew in between, and rejected there is rejected everywhere', async () => {
    await latch();
    const refused = await propose(bad);
    good = await good.restart();
    expect((await asBob(good, 'POST', `${refused}/reject`)).body.proposal.state).toBe('refused');
    expect((await approve(bad, refused)).body.code).toBe('proposal_closed');
    const next = await propose(bad);
    good = await good.restart();
    expect(await stateAt(good, next)).toBe('open');
    mend();
    expect((await approve(good, next)).status).toBe(200);
    await opens(bad);
  });

  it('that only its host knows of is cleared there: elsewhere the approval is refused, and the proposal stays', async () => {
    await latch();
    await queryPostgres(url, 'UPDATE keyward.pin_permits SET rejected_at = NULL, rejected_host = NULL');
    const id = await propose(bad);
    const elsewhere = await approve(good, id);
    expect([elsewhere.status, elsewhere.body.code]).toEqual([409, 'proposal_outdated']);
    expect(elsewhere.body.detail).toContain('Approve it at the front of the host');
    // There one person may try again what is not latched there: the other tries nothing.
    const attempts = bad.log.filter(({ msg }) => msg === STOPPED).length;
    const alone = await good.operations('POST', '/v1/admin/hsm/primary/clear-latch');
    expect([alone.status, alone.body]).toEqual([200, { token: 'primary', open: true }]);
    await new Promise((resolve) => setTimeout(resolve, FOLLOWED_MS));
    expect(bad.log.filter(({ msg }) => msg === STOPPED)).toHaveLength(attempts);
    const { proposal } = (await asBob(good, 'GET', id)).body;
    expect(proposal.state).toBe('open');
    expect(proposal.changes).toContainEqual({ member: 'host', from: hostname(), to: null });
    mend();
    expect((await approve(bad, id)).status).toBe(200);
    await opens(bad);
  });

  it('is not cleared by whoever edits the decision about it, but by two persons who decide anew', async () => {
    await latch();
    const id = await propose(bad);
    expect((await asBob(good, 'POST', `${id}/reject`)).status).toBe(200);
    const seen = `UPDATE keyward.audit_events SET type = 'proposal.seen'`;
    await queryPostgres(url, `${seen} WHERE subject = 'proposal:${id}' AND type = 'proposal.refused'`);
    const before = await cleared();
    expect((await approve(bad, id)).body.code).toBe('proposal_closed');
    expect((await approve(good, id)).body.code).toBe('proposal_closed');
    expect([await cleared(), latchOf(bad)]).toEqual([before, 'rejected']);
    const next = await propose(bad);
    mend();
    expect((await approve(good, next)).status).toBe(200);
    await opens(bad);
  });
});
