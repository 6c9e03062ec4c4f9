import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSigner, createVerifier, type ForgeryReport, type Verifier } from '../../src/client/index.ts';
import { openWorkbench, type Workbench } from '../support/hsm-workbench.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const VERIFIERS = 50;
const WHO = { issuer: 'https://login.example', audience: 'https://payments.example' };

let service: RunningService;
let thief: Workbench;
let credentials: { sign: string; verify: string };
const made: Verifier[] = [];

beforeAll(async () => {
  service = await startService();
  credentials = await service.provision({ id: 'payments', policy: { root_claim: 'txn' } });
  thief = await openWorkbench(service.hsm);
});

afterAll(async () => {
  await Promise.all(made.map((verifier) => verifier.close()));
  await thief.stop();
  await service.remove();
});

const signer = () => createSigner({ url: service.dataUrl, scope: 'payments', credential: credentials.sign });

async function aVerifier(instance: string, onForgery?: (report: ForgeryReport) => void): Promise<Verifier> {
  const options = { url: service.dataUrl, scope: 'payments', ...WHO, credential: credentials.verify };
  const verifier = createVerifier({ ...options, instance, onForgery });
  made.push(verifier);
  await vi.waitFor(() => expect(verifier.status().events).toBe('following'), 20_000);
  return verifier;
}

const reasonFor = (verifier: Verifier, token: string): Promise<string> =>
  verifier.verify(token).then(
    () => 'valid',
    ({ reason }: { reason: string }) => reason,
  );

const becomes = (verifier: Verifier, token: string, reason: string) =>
  vi.waitFor(async () => expect(await reasonFor(verifier, token)).toBe(reason), 20_000);

async function keyThat(state: string): Promise<Record<string, string>> {
  const { body } = await service.operations('GET', '/v1/admin/keys?scope=payments');
  return body.keys.find((key: { state: string }) => key.state === state);
}

describe('the client library and the service', () => {
  it('what one signs the other takes, until it is revoked', async () => {
    const verifier = await aVerifier('one');
    const { token, jti, kid } = await signer().sign({ sub: 'alice', txn: 'sign-in-1' }, { ttlSeconds: 60 });
    expect(await verifier.verify(token)).toMatchObject({ sub: 'alice', jti, iss: WHO.issuer });
    expect(kid).toBe((await keyThat('active')).kid);
    await service.operations('POST', '/v1/admin/revocations', { root: 'sign-in-1', reason: 'signed out' });
    await becomes(verifier, token, 'revoked');
    const client = await signer().sign({ sub: 'bob' });
    expect(await reasonFor(verifier, client.token)).toBe('valid');
    await service.operations('POST', '/v1/admin/revocations', { client: 'payments-sign', reason: 'leaked' });
    await becomes(verifier, client.token, 'revoked');
  });

  it('a token signed past the service is a forgery: onForgery, refused from then on, one critical event', async () => {
    const reports: ForgeryReport[] = [];
    const verifier = await aVerifier('two', (report) => reports.push(report));
    const { kid, hsm_id } = await keyThat('active');
    // Behind the revocation of the client's tokens until now, about which a verifier would ask the service at once.
    const iat = Math.floor(Date.now() / 1_000) + 5;
    const claims = {
      iss: WHO.issuer,
      aud: WHO.audience,
      iat,
      exp: iat + 300,
      sub: 'mallory',
      jti: 'AAAA',
    };
    const signingInput = [{ alg: 'ES256', typ: 'JWT', kid }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const digest = createHash('sha256').update(signingInput).digest();
    const forged = `${signingInput}.${(await thief.sign(hsm_id ?? '', digest)).toString('base64url')}`;
    expect(await reasonFor(verifier, forged)).toBe('valid');
    await becomes(verifier, forged, 'never_issued');
    const name = digest.toString('base64url');
    expect(reports).toEqual([{ digest: name, kid, claims, reason: 'never_issued' }]);
    const { body } = await service.operations('GET', '/v1/admin/events');
    const told = body.events.filter(({ type }: { type: string }) => type === 'token.never_issued');
    expect(told).toMatchObject([{ severity: 'critical', subject: `key:${kid}` }]);
  });

  it('a compromise reaches every connected verifier, and each one’s time to obey is known', async () => {
    const verifiers = await Promise.all(Array.from({ length: VERIFIERS }, (_, n) => aVerifier(`many-${n}`)));
    // Tokens issued to the client so far were revoked in the same second.
    await vi.waitFor(async () => {
      const { token } = await signer().sign({ sub: 'carol' });
      expect(await reasonFor(verifiers[0] as Verifier, token)).toBe('valid');
    }, 20_000);
    const { token, kid } = await signer().sign({ sub: 'carol' });
    for (const verifier of verifiers) expect(await reasonFor(verifier, token)).toBe('valid');
    const { status } = await service.operations('POST', `/v1/admin/keys/${kid}/compromise`, {
      reason: 'test',
    });
    expect(status).toBe(200);
    await Promise.all(verifiers.map((verifier) => becomes(verifier, token, 'key_compromised')));
    const next = await signer().sign({ sub: 'carol' });
    expect(next.kid).not.toBe(kid);
    await Promise.all(verifiers.map((verifier) => becomes(verifier, next.token, 'valid')));
    await vi.waitFor(async () => {
      const { body } = await service.operations('GET', `/v1/admin/keys/${kid}/compromise`);
      const many = body.compromise.verifiers.filter(({ instance }: { instance: string }) =>
        instance.startsWith('many-'),
      );
      expect(many).toHaveLength(VERIFIERS);
      expect(many.filter(({ took_ms }: { took_ms: number | null }) => took_ms === null)).toEqual([]);
    }, 20_000);
  });
});
