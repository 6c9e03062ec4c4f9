import { describe, expect, it, vi } from 'vitest';
import { TokenRefused, type VerifierProblem } from '../../../src/client/errors.ts';
import type { ForgeryReport } from '../../../src/client/options.ts';
import { Service } from '../../../src/client/service.ts';
import { VerdictService, Sightings as Waiting } from '../../../src/client/sightings.ts';
import { SYSTEM } from '../../../src/client/time.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Sightings, TokenVerifier } from '../../../src/kernel/verification.ts';
import { parseToken } from '../../../src/token/parse-token.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { becomes, verdict, verifyingScope } from './verifying-scope.ts';

const SIGHTINGS = 'POST /v1/scopes/payments/sightings';

function digest(token: string): string {
  return digestOf(token.slice(0, token.lastIndexOf('.'))).toString('base64url');
}

/** A service that keeps what it is told and knows of no token but those named. */
function ledger(knows: (digest: string) => boolean = () => true) {
  const told: string[] = [];
  const sightings: Sightings = {
    async unknown(_scope, sighted) {
      told.push(...sighted.map(({ digest }) => digest.toString('base64url')));
      return sighted.map(({ digest }) => digest).filter((each) => !knows(each.toString('base64url')));
    },
  };
  return { told, sightings };
}

const neverIssued: TokenVerifier = { verify: async () => ({ valid: false, reason: 'never_issued' }) };

describe('sightings', () => {
  it('each accepted token is reported once, a refused one never, and what waits before the end', async () => {
    const { told, sightings } = ledger();
    const { following, token } = await verifyingScope({ deps: { sightings } });
    const verifier = await following();
    const [first, second, refused] = [token(), token(), token({ exp: 1 })];
    for (const each of [first, second, first, refused]) await verdict(verifier, each);
    await verifier.close();
    expect(told.sort()).toEqual([digest(first), digest(second)].sort());
  });

  it('are sampled as configured', async () => {
    const { told, sightings } = ledger();
    const { following, token } = await verifyingScope({ deps: { sightings } });
    const draws = [0.2, 0.9, 0.3];
    const surroundings = {
      clock: { nowSeconds: () => Math.floor(Date.now() / 1_000) },
      monotonicMs: () => performance.now(),
      random: () => draws[0] ?? 0,
    };
    const verifier = await following({ sightings: 0.25 }, surroundings);
    const tokens = [token(), token(), token()];
    for (const each of tokens) {
      await verdict(verifier, each);
      draws.shift();
    }
    await verifier.close();
    expect(told).toEqual([digest(tokens[0] ?? '')]);
  });

  it('wait while the service does not take them, and hold up nothing', async () => {
    const { told, sightings } = ledger();
    const { service, following, token, problems } = await verifyingScope({ deps: { sightings } });
    const verifier = await following();
    const good = token();
    service.instead = (_request, response) => void response.writeHead(503).end();
    expect(await verdict(verifier, good)).toBe('valid');
    await vi.waitFor(() => expect(service.asked(SIGHTINGS)).toBeGreaterThan(0), 10_000);
    expect(told).toEqual([]);
    service.instead = undefined;
    await vi.waitFor(() => expect(told).toEqual([digest(good)]), 20_000);
    expect(problems).toContainEqual(expect.objectContaining({ code: 'sightings_failed' }));
  });

  it.each([
    ['number', 'short', 10_000],
    ['size', 'x'.repeat(8_192), 4_096],
  ])('are bounded in %s: the oldest are given up, and it is said', (_, token, most) => {
    const problems: VerifierProblem[] = [];
    const service = new Service({ url: 'http://127.0.0.1:1', fetch: () => new Promise(() => {}) });
    const sightings = new Waiting({
      service,
      verdicts: new VerdictService(service, 'payments'),
      scope: 'payments',
      sample: 1,
      surroundings: SYSTEM,
      reportProblem: (problem) => problems.push(problem),
      onRefused: () => {},
    });
    for (let n = 0; n < most; n++) sightings.add({ token, digest: `d${n}`, iat: 1 });
    expect([sightings.waiting, problems]).toEqual([most, []]);
    sightings.add({ token, digest: 'one more', iat: 1 });
    const message = '1 accepted tokens are not reported: too many wait';
    expect([sightings.waiting, problems]).toEqual([most, [{ code: 'sightings_dropped', message }]]);
  });
});

describe('a token that the service does not know', () => {
  it('is shown to it, and where it was never issued: onForgery, refused from then on', async () => {
    const reports: ForgeryReport[] = [];
    const { sightings } = ledger(() => false);
    const { activeKey, following, token } = await verifyingScope({
      deps: { sightings, verifier: neverIssued },
    });
    const verifier = await following({ onForgery: (report) => reports.push(report) });
    const forged = token({ jti: 'made-up' });
    expect(await verdict(verifier, forged)).toBe('valid');
    await becomes(verifier, forged, 'never_issued');
    await expect(verifier.verify(forged)).rejects.toThrow(new TokenRefused('never_issued'));
    const parsed = parseToken(forged);
    expect(reports).toEqual([
      {
        digest: digest(forged),
        kid: activeKey.kid,
        claims: parsed.ok ? parsed.token.claims : undefined,
        reason: 'never_issued',
      },
    ]);
  });

  it('is no forgery where it only came before its record; it goes on being good', async () => {
    const reports: ForgeryReport[] = [];
    const { told, sightings } = ledger(() => false);
    const { following, token } = await verifyingScope({ deps: { sightings } });
    const verifier = await following({ onForgery: (report) => reports.push(report) });
    const good = token();
    await verdict(verifier, good);
    await verifier.close();
    expect([told, reports, await verdict(verifier, good)]).toEqual([[digest(good)], [], 'valid']);
  });

  it('of which it cannot tell holds up no other, and is shown again', async () => {
    let canTell = false;
    const { sightings } = ledger(() => false);
    const verifier: TokenVerifier = {
      verify: async (_scope, presented) => {
        if (presented === doubtful && !canTell) throw new KeywardError('ledger_unavailable', 'in doubt');
        return { valid: false, reason: 'never_issued' };
      },
    };
    const { following, token, problems } = await verifyingScope({ deps: { sightings, verifier } });
    const [doubtful, forged] = [token({ jti: 'in doubt' }), token({ jti: 'made-up' })];
    const offline = await following();
    for (const each of [doubtful, forged]) await verdict(offline, each);
    await becomes(offline, forged, 'never_issued');
    expect(await verdict(offline, doubtful)).toBe('valid');
    expect(problems).toContainEqual(expect.objectContaining({ code: 'sightings_failed' }));
    canTell = true;
    await becomes(offline, doubtful, 'never_issued');
  });

  it('whoever hears of it may fail: nothing else does', async () => {
    const { sightings } = ledger(() => false);
    const { following, token, problems } = await verifyingScope({
      deps: { sightings, verifier: neverIssued },
    });
    const verifier = await following({
      onForgery: () => {
        throw new Error('no pager');
      },
    });
    const forged = token();
    await verdict(verifier, forged);
    await becomes(verifier, forged, 'never_issued');
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'callback_failed', message: 'no pager' }),
    );
  });
});
