import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createVerifier, type Verifier } from '../../src/client/index.ts';
import { makeCredential } from '../../src/kernel/credential.ts';
import { DRILL_ISSUER } from '../../src/kernel/issuance.ts';
import {
  lenientJudges,
  type RelyingService,
  relyingService,
  unrulyService,
} from '../support/relying-services.ts';
import { type RunningService, startService } from '../support/running-service.ts';

vi.setConfig({ testTimeout: 120_000 });
const WAIT = { timeout: 90_000, interval: 100 };
const WHO = { issuer: 'https://login.example', audience: 'https://payments.example' };
const REFUSED = ['altered_signature', 'without_kid', 'other_scope', 'expired'] as const;
const named = (lenience: string) => `lenient-${lenience.replace('_', '-')}`;

let service: RunningService;
let verifier: Verifier;
const made: RelyingService[] = [];
let followed = 0;

beforeAll(async () => {
  service = await startService({
    config: { probes: { token_ttl_seconds: 20, deadline_ms: 10_000, unanswered_rounds: 1 } },
  });
  const { verify } = await service.provision({ id: 'payments', policy: { clock_skew_seconds: 0 } });
  await service.act('POST', '/v1/admin/scopes', {
    id: 'drill',
    issuer: DRILL_ISSUER,
    audience: 'https://drill.example',
  });
  verifier = createVerifier({ url: service.dataUrl, scope: 'payments', ...WHO, credential: verify });
  const judges = lenientJudges(keySetOf('payments'), merged, WHO);
  await probed(
    'strict',
    relyingService((token) => verifier.verify(token)),
  );
  await probed(
    'asking',
    relyingService(async (token) => {
      const { body } = await service.data('POST', '/v1/scopes/payments/verify', verify, { token });
      if (!body.valid) throw new Error(body.reason);
    }),
  );
  for (const lenience of REFUSED) await probed(named(lenience), relyingService(judges[lenience]));
  await probed('shut', relyingService(judges.fresh));
  await probed(
    'hanging',
    unrulyService(() => {}),
  );
  const elsewhere = await unrulyService((_request, response) => {
    followed += 1;
    response.writeHead(401).end();
  });
  made.push(elsewhere);
  await probed(
    'redirecting',
    unrulyService((_request, response) => response.writeHead(302, { location: elsewhere.url }).end()),
  );
}, 120_000);

afterAll(async () => {
  await verifier.close();
  await Promise.all(made.map((relying) => relying.close()));
  await service.remove();
});

/** A client that may verify for the scope, and is probed where that service listens. */
async function probed(client: string, relying: Promise<RelyingService>): Promise<RelyingService> {
  const listening = await relying;
  made.push(listening);
  const credential_digest = makeCredential('svc').digest.toString('base64url');
  await service.act('POST', '/v1/admin/clients', { id: client, description: 'test', credential_digest });
  await service.act('POST', '/v1/admin/grants', { client, scope: 'payments', action: 'verify' });
  await service.act('POST', `/v1/admin/clients/${client}/probe`, { scope: 'payments', url: listening.url });
  return listening;
}

/** What it answered once all tokens were sent that will be. */
async function answersOf(client: string, last = 'expired'): Promise<Record<string, unknown>[]> {
  return vi.waitFor(async () => {
    const { probes } = (await service.operations('GET', '/v1/admin/probes')).body;
    const { answers } = probes.find((probe: { client: string }) => probe.client === client);
    expect(answers.map(({ probe }: { probe: string }) => probe)).toContain(last);
    return answers;
  }, WAIT);
}

/** Of its probes: that operators made the client is told too. */
async function eventsAbout(client: string): Promise<Record<string, unknown>[]> {
  const { events } = (await service.operations('GET', '/v1/admin/events?limit=1000')).body;
  return events.filter(
    ({ subject, type }: { subject: string; type: string }) =>
      subject === `client:${client}` && type.startsWith('verifier.'),
  );
}

const keySetOf = (scope: string) => async () =>
  (await service.data('GET', `/scopes/${scope}/jwks.json`)).body;
const merged = async () => ({
  keys: [...(await keySetOf('payments')()).keys, ...(await keySetOf('drill')()).keys],
});

it.each(['strict', 'asking'])(
  'raises nothing about a service that verifies as it must (%s)',
  async (client) => {
    expect(await answersOf(client)).toMatchObject([
      { probe: 'fresh', verdict: 'right', status: 200, why: null },
      ...REFUSED.map((probe) => ({ probe, verdict: 'right', status: 401, why: null })),
    ]);
    expect(await eventsAbout(client)).toEqual([]);
  },
);

it('sends recorded tokens of the reserved subject, and the fresh one once more when it has expired', async () => {
  await answersOf('strict');
  const [strict] = made;
  expect(strict?.shown).toHaveLength(5);
  expect(strict?.shown[4]).toBe(strict?.shown[0]);
  const { records } = (await service.operations('GET', '/v1/admin/ledger?client=keyward:probe')).body;
  const subjects = records.map((record: { subject: string }) => record.subject);
  expect([...new Set(subjects)]).toEqual(['keyward-probe']);
});

it.each(REFUSED)('tells of a service that accepts what is %s, and of nothing else', async (lenience) => {
  const answers = await answersOf(named(lenience));
  expect(answers.filter(({ verdict }) => verdict !== 'right')).toMatchObject([
    { probe: lenience, verdict: 'wrong', status: 200 },
  ]);
  const evidence = { client: named(lenience), scope: 'payments', probe: lenience, status: 200 };
  // The answer is kept before the event is raised.
  await vi.waitFor(
    async () =>
      expect(await eventsAbout(named(lenience))).toMatchObject([
        { type: 'verifier.lenient', severity: 'critical', evidence },
      ]),
    WAIT,
  );
});

it('warns of a service that refuses what it must accept, once a day', async () => {
  await answersOf('shut');
  const run = { scope: 'payments' };
  const { status, body } = await service.operations('POST', '/v1/admin/clients/shut/probe/run', run);
  expect([status, body.probe.answers[0]]).toMatchObject([
    200,
    { probe: 'fresh', verdict: 'wrong', status: 401 },
  ]);
  expect(body.probe.not_sent).toEqual([]);
  const events = await eventsAbout('shut');
  const days = new Set(events.map(({ evidence }) => (evidence as { day: string }).day));
  expect(events).toHaveLength(days.size);
  expect(events[0]).toMatchObject({ type: 'verifier.lenient', severity: 'warning' });
});

it('waits for no answer longer than it may', async () => {
  await answersOf('hanging', 'fresh');
  const why = 'it did not answer within 10000 ms';
  expect(await eventsAbout('hanging')).toMatchObject([
    { type: 'verifier.unprobed', severity: 'warning', evidence: { probe: 'fresh', count: 1, why } },
  ]);
});

it('follows no redirect, and takes none for a refusal', async () => {
  await answersOf('redirecting', 'fresh');
  const why = 'it answers 302, and redirects are not followed';
  expect(await eventsAbout('redirecting')).toMatchObject([{ type: 'verifier.unprobed', evidence: { why } }]);
  expect(followed).toBe(0);
});

it('sends nothing to whoever lost the grant, and goes on after a restart with whom it had', async () => {
  await service.act('DELETE', '/v1/admin/grants', { client: 'hanging', scope: 'payments', action: 'verify' });
  const run = await service.operations('POST', '/v1/admin/clients/hanging/probe/run', { scope: 'payments' });
  expect([run.status, run.body.code]).toEqual([422, 'invalid_probe']);
  await service.act('DELETE', '/v1/admin/clients/shut/probe', { scope: 'payments' });
  service = await service.restart();
  const { probes } = (await service.operations('GET', '/v1/admin/probes')).body;
  expect(probes.map(({ client, next_at }: Record<string, unknown>) => [client, next_at !== null])).toEqual([
    ['asking', true],
    ['hanging', false],
    ...REFUSED.map((lenience) => [named(lenience), true]).toSorted(),
    ['redirecting', true],
    ['strict', true],
  ]);
});

it('issues for the reserved subject to nobody else', async () => {
  const { text, digest } = makeCredential('svc');
  const credential_digest = digest.toString('base64url');
  await service.act('POST', '/v1/admin/clients', { id: 'login', description: 'test', credential_digest });
  await service.act('POST', '/v1/admin/grants', { client: 'login', scope: 'payments', action: 'sign' });
  const ask = (sub: string) => service.data('POST', '/v1/scopes/payments/tokens', text, { claims: { sub } });
  const refused = await ask('keyward-probe');
  expect([refused.status, refused.body.code]).toEqual([422, 'reserved_subject']);
  expect((await ask('keyward-probes')).status).toBe(201);
});

it('writes no token into the log', () => {
  const log = JSON.stringify(service.log) + readFileSync(join(service.hsm.folder, 'audit.jsonl'), 'utf8');
  for (const { shown } of made) for (const token of shown) expect(log).not.toContain(token.split('.')[2]);
});
