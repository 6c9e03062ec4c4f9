import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canonicalJson } from '../../src/lib/json.ts';
import { type HttpAnswer, type RunningService, startService } from '../support/running-service.ts';
import { COMMAND_LINE } from '../support/service-program.ts';

const REVIEWS = '/v1/admin/reviews';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ twoPersons: true });
  const { sign, verify } = await service.provision({ id: 'payments' });
  const mail = await service.provision({ id: 'mail' });
  const issue = (credential: string) =>
    service.data('POST', '/v1/scopes/payments/tokens', credential, { claims: { sub: 'alice' } });
  for (let n = 0; n < 3; n += 1) expect((await issue(sign)).status).toBe(201);
  expect((await issue(verify)).status).toBe(403);
  const { token } = (await issue(sign)).body;
  await service.data('POST', '/v1/scopes/mail/verify', mail.verify, { token });
  await service.logged(({ event }) => event === 'token.cross_scope');
  await service.act('PATCH', '/v1/admin/clients/mail-verify', { description: 'of the mail' });
  // What was denied is in the audit trail within a minute, and when the service ends.
  service = await service.restart();
}, 120_000);

afterAll(() => service.remove());

const look = async (credential?: string) =>
  (await service.operations('GET', `${REVIEWS}/current`, undefined, credential)).body;
const sign = (body: object, credential?: string): Promise<HttpAnswer> =>
  service.operations('POST', REVIEWS, body, credential);

it('shows what happened since the beginning, and who looks at their own acts', async () => {
  const { review, digest, acts, own_acts } = await look();
  expect(review.period).toMatchObject({ first_event: 1, more: false });
  const callers = review.new_callers.listed.map(({ caller, by, approved_by }: Record<string, string>) => [
    caller,
    by,
    approved_by,
  ]);
  expect(callers).toEqual([
    ...['mail-verify', 'mail-sign', 'payments-verify', 'payments-sign'].map((id) => [
      `client:${id}`,
      'alice',
      'bob',
    ]),
    ...['bob', 'alice'].map((id) => [`operator:${id}`, expect.any(String), null]),
  ]);
  expect(review.denied).toEqual({
    listed: [
      {
        caller: 'client:payments-verify',
        what: 'POST /v1/scopes/{scope}/tokens',
        code: 'grant_missing',
        count: 1,
        remotes: ['127.0.0.1'],
      },
    ],
    more: 0,
  });
  expect(review.volume.listed).toEqual([
    { client: 'payments-sign', scope: 'payments', tokens: 4, before: null },
  ]);
  expect(review.odd_hours).toEqual({ listed: [], more: 0 });
  expect(review.acts.listed).toContainEqual({
    type: 'client.described',
    count: 1,
    by: ['alice'],
    last_at: expect.any(Number),
  });
  const unresolved = review.unresolved.listed.map(({ type, state }: Record<string, string>) => [type, state]);
  expect(unresolved).toContainEqual(['token.cross_scope', 'open']);
  expect(review.ledger_counted_from).toBeNull();
  expect(digest).toBe(createHash('sha256').update(canonicalJson(review)).digest('base64url'));
  expect([own_acts > 0, own_acts < acts]).toEqual([true, true]);
});

it('signs off what was shown to who signs, once, and nothing else', async () => {
  const unseen = await sign({ note: 'fine' }, service.approver);
  expect([unseen.status, unseen.body.code]).toEqual([409, 'review_unseen']);
  const { digest: shownToAlice } = await look();
  const { digest, review, acts, own_acts } = await look(service.approver);
  const foreign = await sign({ note: 'fine', digest: 'A'.repeat(43) }, service.approver);
  expect([foreign.status, foreign.body.code]).toEqual([409, 'review_unseen']);
  const unsaid = await sign({ note: ' ' }, service.approver);
  expect([unsaid.status, unsaid.body.code]).toEqual([422, 'invalid_request']);

  const { status, body } = await sign(
    { note: 'the mail service was given the wrong token' },
    service.approver,
  );
  expect(status).toBe(201);
  expect(body.review).toEqual({
    period: review.period,
    digest,
    note: 'the mail service was given the wrong token',
    acts,
    own_acts,
    signed_off_by: 'bob',
    signed_off_at: expect.any(Number),
  });
  const late = await sign({ note: 'me too', digest: shownToAlice });
  expect([late.status, late.body.code]).toEqual([409, 'review_signed_off']);
});

it('has it in the audit trail, goes on from there, and remembers it over a restart', async () => {
  const { reviews, covered_until } = (await service.operations('GET', REVIEWS)).body;
  expect(reviews).toHaveLength(1);
  const { events } = (await service.operations('GET', '/v1/admin/audit?limit=1000')).body;
  const told = events.filter(({ type }: { type: string }) => type === 'review.signed_off');
  expect(told).toMatchObject([
    {
      actor: 'bob',
      subject: 'reviews',
      details: { ...reviews[0].period, digest: reviews[0].digest, note: reviews[0].note },
    },
  ]);
  service = await service.restart();
  expect((await service.operations('GET', REVIEWS)).body.reviews).toEqual(reviews);
  const { review, overdue_at } = await look();
  expect(review.period).toMatchObject({ from: covered_until, first_event: reviews[0].period.last_event + 1 });
  expect(overdue_at).toBe(covered_until + 7 * 86_400);
  expect(review.new_callers).toEqual({ listed: [], more: 0 });
  expect(review.acts.listed.map(({ type, by }: { type: string; by: string[] }) => [type, by])).toContainEqual(
    ['review.signed_off', ['bob']],
  );
});

it('is shown and signed off from the command line', async () => {
  const file = join(service.hsm.folder, 'reviewing');
  writeFileSync(file, `${service.operator}\norigin ${service.operationsUrl}\n`, { mode: 0o600 });
  const keyward = async (...argv: string[]) => {
    const where = ['--url', service.operationsUrl, '--credential-file', file];
    const child = spawn(process.execPath, [COMMAND_LINE, 'review', ...argv, ...where], { stdio: 'pipe' });
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    return { out, code };
  };
  const { out, code } = await keyward();
  expect(code).toBe(0);
  expect(out).toContain('Administrative acts\n');
  expect(out).toContain('New sources: none');
  expect(out).toContain('sign it off with: keyward review sign-off --note "what you found"');
  expect((await keyward('sign-off', '--note', 'nothing')).code).toBe(0);
  const listed = await keyward('list', '--json');
  expect(JSON.parse(listed.out).reviews.map(({ note }: { note: string }) => note)).toEqual([
    'nothing',
    'the mail service was given the wrong token',
  ]);
});
