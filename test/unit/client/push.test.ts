import { describe, expect, it, vi } from 'vitest';
import { putKeys } from '../../support/changed-keys.ts';
import { VERIFIES } from '../../support/verifying-service.ts';
import { becomes, follows, issuedAt, verdict, verifyingScope } from './verifying-scope.ts';

const EVENTS = 'GET /v1/scopes/payments/events';
const VERIFY = 'POST /v1/scopes/payments/verify';
const KEY_SET = 'GET /scopes/payments/jwks.json';

describe('what was withdrawn is refused as soon as the event arrives', () => {
  it.each(['compromised', 'suspended'] as const)(
    'a key that is %s; the standby takes over',
    async (state) => {
      const { ring, active, standby, standbyKey, following, token } = await verifyingScope();
      const verifier = await following();
      const [before, after] = [token(), token({}, standbyKey)];
      expect(await verdict(verifier, before)).toBe('valid');
      putKeys(ring, 'payments', [
        { ...active, state },
        { ...standby, state: 'active', signFrom: issuedAt },
      ]);
      await becomes(verifier, before, `key_${state}`);
      await becomes(verifier, after, 'valid');
    },
  );

  it('also where the new key set cannot be had', async () => {
    const { ring, active, service, following, token } = await verifyingScope();
    const verifier = await following();
    const good = token();
    expect(await verdict(verifier, good)).toBe('valid');
    service.instead = (_request, response) => void response.writeHead(503).end();
    putKeys(ring, 'payments', [{ ...active, state: 'compromised' }]);
    await becomes(verifier, good, 'key_compromised');
  });

  it('a key that was resumed later verifies again what it had signed', async () => {
    const { ring, active, following, token } = await verifyingScope();
    const verifier = await following();
    const good = token();
    putKeys(ring, 'payments', [{ ...active, state: 'suspended' }]);
    await becomes(verifier, good, 'key_suspended');
    putKeys(ring, 'payments', [{ ...active, state: 'deactivated' }]);
    await becomes(verifier, good, 'valid');
  });

  it('a key that fails its proof', async () => {
    const { ring, active, following, token } = await verifyingScope();
    const verifier = await following();
    const good = token();
    expect(await verdict(verifier, good)).toBe('valid');
    ring.applyProofs([{ kid: active.kid, proven: false, found: true, attributes: {}, unproven: ['x'] }]);
    await becomes(verifier, good, 'unknown_key');
  });

  it('a token, by its jti; others stay in memory', async () => {
    const { revoke, following, token } = await verifyingScope();
    const verifier = await following();
    const [good, other] = [token({ jti: 'gone' }), token()];
    expect(await verdict(verifier, good)).toBe('valid');
    revoke({ jti: 'gone' });
    await becomes(verifier, good, 'revoked');
    expect(await verdict(verifier, other)).toBe('valid');
  });

  it.each([
    ['of a root event', { root: 'sign-in-1' }, { txn: 'sign-in-1' }, { txn: 'sign-in-2' }],
    ['of a time', { issuedUntil: issuedAt - 10 }, { iat: issuedAt - 10 }, { iat: issuedAt - 9 }],
  ])('tokens %s, and not the neighbour', async (_, rule, concerned, neighbour) => {
    const { revoke, following, token } = await verifyingScope({ policy: { rootClaim: 'txn' } });
    const verifier = await following();
    const [gone, stays] = [token(concerned), token(neighbour)];
    expect(await verdict(verifier, gone)).toBe('valid');
    revoke(rule);
    await becomes(verifier, gone, 'revoked');
    expect(await verdict(verifier, stays)).toBe('valid');
  });

  it('and what was withdrawn before the verifier came', async () => {
    const { revoke, following, token } = await verifyingScope();
    revoke({ jti: 'gone' });
    revoke({ scopeId: 'mail', jti: 'elsewhere' });
    const verifier = await following();
    expect(await verdict(verifier, token({ jti: 'gone' }))).toBe('revoked');
    expect(await verdict(verifier, token({ jti: 'elsewhere' }))).toBe('valid');
  });
});

describe('what no token shows is asked of the service', () => {
  it('a revocation by client: once for each token it may concern', async () => {
    const { revoke, service, following, token } = await verifyingScope();
    const verifier = await following();
    const [older, newer] = [token({ iat: issuedAt - 20 }), token()];
    revoke({ clientId: 'checkout', issuedUntil: issuedAt - 10 });
    await vi.waitFor(async () => {
      await verdict(verifier, older);
      expect(service.asked(VERIFY)).toBeGreaterThan(0);
    }, 10_000);
    // A verdict that was under way when the event came is not remembered.
    expect(await verdict(verifier, older)).toBe('valid');
    const asked = service.asked(VERIFY);
    expect(await verdict(verifier, older)).toBe('valid');
    expect(await verdict(verifier, newer)).toBe('valid');
    expect(service.asked(VERIFY)).toBe(asked);
  });

  it('its refusal counts', async () => {
    const refusing = { verify: async () => ({ valid: false, reason: 'revoked' }) as const };
    const { revoke, following, token } = await verifyingScope({ deps: { verifier: refusing } });
    const verifier = await following();
    const good = token();
    expect(await verdict(verifier, good)).toBe('valid');
    revoke({ clientId: 'checkout', issuedUntil: issuedAt });
    await becomes(verifier, good, 'revoked');
  });

  it('without an answer there is no verdict, neither good nor bad', async () => {
    const { revoke, service, following, token } = await verifyingScope();
    const verifier = await following();
    revoke({ clientId: 'checkout', issuedUntil: issuedAt });
    const good = token();
    service.instead = (_request, response) => void response.writeHead(503).end();
    await becomes(verifier, good, 'VerifierUnavailable');
    service.instead = undefined;
    await becomes(verifier, good, 'valid');
  });
});

describe('a standby', () => {
  it('has signed nothing: what bears its name is refused, until it is promoted', async () => {
    const { ring, standby, standbyKey, following, token } = await verifyingScope();
    const verifier = await following();
    const early = token({}, standbyKey);
    expect(await verdict(verifier, early)).toBe('outside_signing_window');
    putKeys(ring, 'payments', [{ ...standby, state: 'active', signFrom: issuedAt }]);
    expect(await verdict(verifier, token({}, standbyKey))).toBe('valid');
  });

  it('is taken at its published bounds by whoever hears no events: its promotion need not be told', async () => {
    const { standbyKey, verifier: make, token } = await verifyingScope();
    const verifier = make({ credential: undefined });
    expect(await verdict(verifier, token({}, standbyKey))).toBe('valid');
  });
});

describe('a stream that is lost', () => {
  it('is resumed: what was missed is heard, and nothing is believed from memory meanwhile', async () => {
    const { revoke, service, following, token, problems } = await verifyingScope();
    const verifier = await following();
    const good = token({ jti: 'gone' });
    expect(await verdict(verifier, good)).toBe('valid');
    await service.away();
    await vi.waitFor(() => expect(verifier.status().events).toBe('lost'), 10_000);
    expect(await verdict(verifier, good)).toBe('valid');
    revoke({ jti: 'gone' });
    await service.back();
    await becomes(verifier, good, 'revoked');
    expect(verifier.status().events).toBe('following');
    expect(problems.map(({ code }) => code)).toContain('events_lost');
  });

  it('is tried again for as long as it is refused, and the verifier goes on', async () => {
    const { service, verifier: make, token, problems } = await verifyingScope();
    const verifier = make({ credential: () => (service.asked(EVENTS) < 2 ? 'wrong' : VERIFIES) });
    expect(await verdict(verifier, token())).toBe('valid');
    await follows(verifier);
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'events_lost', message: 'nobody holds this credential' }),
    );
  });

  it('that says what cannot be read is begun anew', async () => {
    const { service, verifier: make, token, problems } = await verifyingScope();
    service.instead = (request, response) => {
      if (!request.url?.includes('/events')) return void response.writeHead(503).end();
      service.instead = undefined;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: key_set\ndata: {"version":"x"}\n\n');
    };
    const verifier = make();
    await follows(verifier);
    expect(await verdict(verifier, token())).toBe('valid');
    expect(problems).toContainEqual(
      expect.objectContaining({ code: 'events_lost', message: 'not a whole number' }),
    );
  });
});

describe('what the verifier says of itself', () => {
  it('the key set it holds, to the service, and anew after a change', async () => {
    const { ring, active, service, following } = await verifyingScope();
    await following({ instance: 'web-1' });
    const held = () =>
      service.deps.verifiers.list('payments').map(({ instance, version }) => [instance, version]);
    await vi.waitFor(() => expect(held()).toEqual([['web-1', 1]]), 10_000);
    putKeys(ring, 'payments', [{ ...active, state: 'deactivated' }]);
    await vi.waitFor(() => expect(held()).toEqual([['web-1', 2]]), 10_000);
    expect(service.asked(KEY_SET)).toBeGreaterThan(1);
  });

  it('how long a withdrawn key may still be accepted', async () => {
    const { following, verifier: make, token } = await verifyingScope();
    const verifier = await following();
    await verifier.verify(token());
    expect(verifier.status()).toEqual({
      keySetVersion: 1,
      events: 'following',
      withdrawal: { seconds: 1, inOutageSeconds: 3_900 },
    });
    const silent = make({ credential: undefined });
    expect(silent.status()).toEqual({ keySetVersion: undefined, events: 'none', withdrawal: undefined });
    await silent.verify(token());
    expect(silent.status()).toEqual({
      keySetVersion: 1,
      events: 'none',
      withdrawal: { seconds: 300, inOutageSeconds: 3_900 },
    });
  });
});
