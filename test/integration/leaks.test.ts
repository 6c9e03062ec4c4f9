import { createHash, createSign, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCredential } from '../../src/kernel/credential.ts';
import { keyward } from '../support/command-line.ts';
import { tokenLike } from '../support/plant.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const KEY_ID = 'a-key-of-2026';

let service: RunningService;
let credentials: { sign: string; verify: string };
beforeAll(async () => {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  service = await startService({
    config: { leaks: { partners: [{ name: 'codehost', keys: { [KEY_ID]: pem } }] } },
  });
  credentials = await service.provision({
    id: 'payments',
    issuer: 'https://id.example',
    audience: 'payments-api',
    algorithm: 'ES256',
  });
}, 120_000);
afterAll(() => service.remove());

async function issue(scope = 'payments', credential = credentials.sign): Promise<string> {
  const { body } = await service.data('POST', `/v1/scopes/${scope}/tokens`, credential, {
    claims: { sub: 'user-1' },
  });
  return body.token;
}

async function accepted(token: string): Promise<unknown> {
  const { body } = await service.data('POST', '/v1/scopes/payments/verify', credentials.verify, { token });
  return body.valid === true || body.reason;
}

async function report(
  body: unknown,
  {
    key = privateKey,
    keyId = KEY_ID,
    send = JSON.stringify(body),
  }: { key?: typeof privateKey; keyId?: string; send?: string } = {},
) {
  const signature = createSign('sha256').update(JSON.stringify(body)).sign(key, 'base64');
  const response = await fetch(`${service.dataUrl}/v1/leaks`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'github-public-key-identifier': keyId,
      'github-public-key-signature': signature,
    },
    body: send,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function leaks(): Promise<{ subject: string; evidence: Record<string, unknown> }[]> {
  const { body } = await service.operations('GET', '/v1/admin/events?type=credential.leaked');
  return body.events;
}

const scan = async (...argv: string[]) => {
  const ran = await keyward([
    'scan',
    '--json',
    '--config',
    service.configFile,
    '--url',
    service.operationsUrl,
    ...argv,
  ]);
  return { ...ran, report: JSON.parse(ran.out) };
};
const put = (name: string, content: string | Buffer) => {
  const path = join(service.hsm.folder, name);
  writeFileSync(path, content);
  return path;
};

describe('reports of partners', () => {
  it('of a decoy change nothing, and are an alarm', async () => {
    const { text, digest } = makeCredential('svc');
    const credential_digest = digest.toString('base64url');
    const { body: made } = await service.operations('POST', '/v1/admin/canaries', {
      kind: 'credential',
      planted: 'a private repository',
      credential_digest,
    });
    const url = 'https://code.example/fork';
    const body = [{ token: text, type: 'keyward_credential', url, source: 'commit' }];
    expect((await report(body)).body).toMatchObject([{ label: 'false_positive' }]);
    const touches = async () =>
      (await service.operations('GET', '/v1/admin/events?type=canary.touched')).body.events;
    await expect.poll(touches, { timeout: 20_000, interval: 50 }).toMatchObject([
      {
        subject: `canary:${made.canary.id}`,
        evidence: { use: 'leak', caller: 'partner:codehost', details: [`found at ${url}`] },
      },
    ]);
    expect(await leaks()).toEqual([]);
  });

  it('are refused unsigned, forged, altered and under another key id, and change nothing', async () => {
    const token = await issue();
    const body = [{ token, type: 'keyward_token', url: 'https://code.example/1', source: 'commit' }];
    const altered = JSON.stringify([...body, { token: 'x', type: 'y' }]);
    for (const [refused, code] of [
      [await report(body, { key: forger }), 'credential_invalid'],
      [await report(body, { keyId: 'another' }), 'credential_invalid'],
      [await report(body, { send: altered }), 'credential_invalid'],
    ] as const) {
      expect([refused.status, refused.body.code]).toEqual([401, code]);
    }
    const unsigned = await service.data('POST', '/v1/leaks', undefined, body);
    expect([unsigned.status, unsigned.body.code]).toEqual([401, 'credential_missing']);
    expect([await accepted(token), await leaks()]).toEqual([true, []]);
  });

  it('revoke tokens alone, say what is ours, and do nothing when they come again', async () => {
    const [leaked, other] = [await issue(), await issue()];
    const body = [
      { token: leaked, type: 'keyward_token', url: 'https://code.example/2', source: 'commit' },
      { token: tokenLike(), type: 'keyward_token', url: '', source: 'content' },
      { token: makeCredential('svc').text, type: 'keyward_credential', url: '', source: 'content' },
      { token: 'nonsense', type: 'keyward_credential' },
    ];
    const first = await report(body);
    expect([first.status, first.body]).toEqual([
      200,
      [
        {
          token_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
          token_type: 'keyward_token',
          label: 'true_positive',
        },
        { token_hash: expect.any(String), token_type: 'keyward_token', label: 'false_positive' },
        { token_hash: expect.any(String), token_type: 'keyward_credential', label: 'false_positive' },
        { token_hash: expect.any(String), token_type: 'keyward_credential', label: 'false_positive' },
      ],
    ]);
    expect([await accepted(leaked), await accepted(other)]).toEqual(['revoked', true]);
    expect(await report(body)).toEqual(first);
    const told = await leaks();
    expect(told.map(({ subject, evidence }) => [subject, evidence])).toEqual([
      [
        'client:payments-sign',
        {
          leaked: 'token',
          holder: 'client:payments-sign',
          scope: 'payments',
          scopes: ['payments'],
          kid: expect.any(String),
          leaked_digest: expect.any(String),
          since: null,
          leaked_at: 'https://code.example/2',
          source: 'commit',
          reported_by: 'partner:codehost',
          reporter: 'partner',
          withdrawn: true,
        },
      ],
    ]);
    expect(JSON.stringify(told)).not.toContain(leaked.split('.')[1]);
  });

  it('revoke the client whose credential it is, and recognise it when it is long revoked', async () => {
    const { sign } = await service.provision({
      id: 'mail',
      issuer: 'https://id.example',
      audience: 'mail-api',
      algorithm: 'ES256',
    });
    expect(await issue('mail', sign)).toMatch(/^eyJ/);
    const body = [
      { token: sign, type: 'keyward_credential', url: 'https://code.example/3', source: 'issue' },
    ];
    expect((await report(body)).body).toMatchObject([{ label: 'true_positive' }]);
    const refused = await service.data('POST', '/v1/scopes/mail/tokens', sign, { claims: { sub: 'u' } });
    expect([refused.status, refused.body.code]).toEqual([401, 'credential_invalid']);
    expect((await report(body)).body).toMatchObject([{ label: 'true_positive' }]);
    expect((await leaks()).filter(({ subject }) => subject === 'client:mail-sign')).toHaveLength(1);
    const { body: audit } = await service.operations('GET', '/v1/admin/audit?after=0&limit=1000');
    const revoked = audit.events.filter(({ type }: { type: string }) => type === 'client.revoked');
    expect(revoked).toMatchObject([{ actor: 'partner:codehost', subject: 'client:mail-sign' }]);
  });

  it('recognise after a restart what was revoked before it', async () => {
    const { sign } = await service.provision({
      id: 'former',
      issuer: 'https://id.example',
      audience: 'former-api',
      algorithm: 'ES256',
    });
    await service.act('POST', '/v1/admin/clients/former-sign/revoke');
    service = await service.restart();
    const body = [{ token: sign, type: 'keyward_credential', url: '', source: 'commit' }];
    expect((await report(body)).body).toMatchObject([{ label: 'true_positive' }]);
    const told = (await leaks()).find(({ subject }) => subject === 'client:former-sign');
    expect(told?.evidence).toMatchObject({ leaked: 'client_credential', scopes: ['former'] });
  }, 60_000);

  it('are bounded', async () => {
    const many = Array.from({ length: 1_001 }, () => ({ token: 'x', type: 'y' }));
    expect(await report(many)).toMatchObject({ status: 422, body: { code: 'batch_too_large' } });
    const large = [{ token: 'x'.repeat(1024 * 1024), type: 'y' }];
    expect(await report(large)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect(await report({ token: 'x' })).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
  });
});

describe('keyward scan on a service', () => {
  it('tells live tokens from recorded and foreign ones, by their digests alone', async () => {
    const [live, revoked] = [await issue(), await issue()];
    await report([{ token: revoked, type: 'keyward_token' }]);
    const file = put('dump.txt', `${live}\n${revoked}\n${tokenLike()}\n`);
    const { exitCode, report: found } = await scan(file);
    expect([exitCode, found.skipped]).toEqual([1, []]);
    expect(
      found.findings.map(({ kind, line, about }: Record<string, unknown>) => [kind, line, about]),
    ).toEqual([
      ['token_live', 1, expect.stringMatching(/^scope payments, client:payments-sign, key /)],
      ['token_recorded', 2, expect.any(String)],
    ]);
    expect(await accepted(live)).toBe(true);
  });

  it('names the holder of a credential, and raises an event only where it is to report', async () => {
    const file = put('leak.txt', `${credentials.verify} ${makeCredential('ops').text}`);
    const about = async (...argv: string[]) =>
      (await scan(file, ...argv)).report.findings.map((each: Record<string, unknown>) => [
        each.kind,
        each.about,
      ]);
    const expected = [
      ['client_credential', 'client:payments-verify'],
      ['operator_credential', 'not on record here'],
    ];
    const before = (await leaks()).length;
    expect(await about()).toEqual(expected);
    expect(await leaks()).toHaveLength(before);
    expect(await about('--report')).toEqual(expected);
    const [told] = await leaks();
    expect(told).toMatchObject({
      subject: 'client:payments-verify',
      evidence: { leaked: 'client_credential', source: 'scan', withdrawn: false, scope: 'payments' },
    });
    expect(await accepted(await issue())).toBe(true);
  });

  it('does not hide, by what it reported, that a code host finds it in public; both are told once', async () => {
    const token = await issue();
    const file = put('first.txt', token);
    const body = [{ token, type: 'keyward_token', url: 'https://code.example/later', source: 'commit' }];
    const before = (await leaks()).length;
    for (let time = 0; time < 2; time++) {
      await scan(file, '--report');
      await report([...body, { token: `another report ${time}`, type: 'keyward_token' }]);
    }
    const told = (await leaks()).map(({ evidence }) => [evidence.reporter, evidence.withdrawn]);
    expect([told.slice(0, told.length - before).sort(), await accepted(token)]).toEqual([
      [
        ['operator', false],
        ['partner', true],
      ],
      'revoked',
    ]);
  });

  it('rings for a decoy that it finds, says nothing of it, and is in the audit trail', async () => {
    const { text, digest } = makeCredential('svc');
    const credential_digest = digest.toString('base64url');
    const { body: made } = await service.operations('POST', '/v1/admin/canaries', {
      kind: 'credential',
      planted: 'a wiki',
      credential_digest,
    });
    const file = put('decoy.txt', `${text} ${credentials.verify}`);
    const { report: found } = await scan(file);
    expect(found.findings.map(({ about }: Record<string, unknown>) => about)).toEqual([
      'not on record here',
      'client:payments-verify',
    ]);
    const touches = async () =>
      (await service.operations('GET', '/v1/admin/events?type=canary.touched')).body.events.filter(
        ({ subject }: { subject: string }) => subject === `canary:${made.canary.id}`,
      );
    await expect
      .poll(touches, { timeout: 20_000, interval: 50 })
      .toMatchObject([
        { evidence: { use: 'leak', caller: 'operator:operator', details: [`found at ${file} at byte 0`] } },
      ]);
    const { body } = await service.operations('GET', '/v1/admin/audit?after=0&limit=1000');
    const looked = body.events.filter(({ type }: { type: string }) => type === 'leaks.looked_up');
    expect(looked.at(-1)).toMatchObject({
      actor: 'operator',
      subject: 'leaks',
      details: { credentials: 2, tokens: 0, known: 1 },
    });
  });

  it('finds the PIN in what looks like a core dump by its form, and raises the alarm on request', async () => {
    const { pin } = service.hsm;
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7_919) % 256));
    const clean = put('core.1', noise);
    expect((await scan(clean)).report.findings).toEqual([]);
    const file = put('core.2', Buffer.concat([noise, Buffer.from(`\0${pin}\0`), noise]));
    const pins = async () => (await leaks()).filter(({ evidence }) => evidence.leaked === 'pin');
    const { exitCode, out, report: found } = await scan(file);
    expect([exitCode, await pins()]).toEqual([1, []]);
    expect(found.findings).toMatchObject([{ kind: 'pin', place: file, offset: 50_001, excerpt: 'kw_pin_…' }]);
    expect(out).not.toContain(pin.slice(7));
    for (let turn = 0; turn < 2; turn++) expect((await scan('--report', file)).exitCode).toBe(1);
    expect(await pins()).toMatchObject([
      {
        subject: 'hsm',
        severity: 'critical',
        evidence: {
          leaked_digest: createHash('sha256').update(pin).digest('base64url'),
          leaked_at: `${file} at byte 50001`,
          source: 'scan',
          reported_by: 'operator',
          withdrawn: false,
        },
      },
    ]);
    const { body } = await service.operations('GET', '/v1/admin/audit?after=0&limit=1000');
    const reported = body.events.filter(({ type }: { type: string }) => type === 'pin.reported');
    expect(reported.at(-1)).toMatchObject({ actor: 'operator', subject: 'leaks', details: { pins: 1 } });
    const url = 'https://code.example/pin';
    const inPublic = [{ token: pin, type: 'keyward_pin', url, source: 'commit' }];
    expect((await report(inPublic)).body).toMatchObject([{ label: 'true_positive' }]);
    expect((await pins()).map(({ evidence }) => [evidence.reporter, evidence.leaked_at])).toEqual([
      ['partner', url],
      ['operator', `${file} at byte 50001`],
    ]);
    expect(JSON.stringify([body, await leaks()])).not.toContain(pin);
  });

  it('says so where the service cannot be asked: nothing is silently clean', async () => {
    expect((await scan(put('clean.txt', 'nothing\n'))).exitCode).toBe(0);
    const file = put('foreign-token.txt', tokenLike());
    expect((await scan(file)).exitCode).toBe(0);
    const ran = await keyward([
      'scan',
      '--json',
      '--config',
      service.configFile,
      '--url',
      'http://127.0.0.1:1',
      file,
    ]);
    expect([ran.exitCode, JSON.parse(ran.out).skipped]).toEqual([
      1,
      [{ place: 'the service', why: expect.stringMatching(/^not asked of credentials and tokens: /) }],
    ]);
  });
});
