import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { certificatesOfFile } from '../../support/certificates-of-file.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { receiveMail } from '../../support/mail-server.ts';
import { ADA, notifying } from '../../support/notifying.ts';

const PATIENCE = { timeout: 30_000 };
const certificates = certificatesOfFile();

const ca_file = join(certificates, 'server.pem');
const email = (port: number, further: object = {}) => ({
  type: 'email',
  host: '127.0.0.1',
  port,
  tls: { ca_file },
  from: 'keyward@example.com',
  to: ['security@example.com'],
  allow_private: true,
  ...further,
});
const outdated = (scope: string) =>
  securityEvent('verifier.outdated', {
    scope,
    client: 'shop',
    instance: 'a',
    holds: 1,
    published: 2,
    connected_since: 3,
  });

function password(text: string): string {
  const file = join(folderOfTest(), 'password');
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

describe('e-mail', () => {
  it('says what happened, what it means and what to do, over TLS', async () => {
    const { received, port } = await receiveMail({ certificates });
    const { store, look } = await notifying({ section: { targets: { team: email(port) } } });
    await store.securityEvents.raise(outdated('payments'));
    await look();
    await vi.waitFor(() => expect(received).toHaveLength(1), PATIENCE);
    const [mail] = received;
    expect(mail).toMatchObject({
      from: 'keyward@example.com',
      to: ['security@example.com'],
      secure: true,
      user: undefined,
    });
    const lines = mail?.text.split('\r\n') ?? [];
    expect(lines).toEqual(
      expect.arrayContaining([
        'Subject: [Keyward] warning: verifier.outdated (scope:payments)',
        'Auto-Submitted: auto-generated',
        'event       verifier.outdated',
        'about       scope:payments',
        'raised      2025-10-09T08:53:20.000Z',
        'To take it up:  keyward event acknowledge 1',
      ]),
    );
    expect(mail?.text).not.toContain('shop');
  });

  it.each([
    ['with STARTTLS', false, 'starttls'],
    ['with TLS from the start', true, 'implicit'],
  ])('logs in %s by a password from a file, and not by a wrong one', async (_how, implicitTls, mode) => {
    const { received, port } = await receiveMail({
      certificates,
      implicitTls,
      credentials: { user: 'keyward', pass: 'right' },
    });
    const tls = { ca_file, mode };
    const { desk: service } = await notifying({
      section: {
        targets: {
          right: email(port, { user: 'keyward', password_file: password('right'), tls }),
          wrong: email(port, { user: 'keyward', password_file: password('wr0ng'), tls }),
        },
      },
    });
    expect(await service.test(undefined, ADA)).toEqual([
      { target: 'right', type: 'email', ok: true, error: null },
      { target: 'wrong', type: 'email', ok: false, error: 'mail server: AUTH PLAIN failed with 535 (EAUTH)' },
    ]);
    expect(received).toMatchObject([{ user: 'keyward', secure: true }]);
  });

  it('is not sent to a server whose certificate nobody vouches for', async () => {
    const { received, port } = await receiveMail({ certificates });
    const { desk: service } = await notifying({
      section: { targets: { good: email(port), bad: email(port, { tls: {} }) } },
    });
    expect((await service.test(undefined, ADA)).map(({ ok }) => ok)).toEqual([true, false]);
    expect(received).toHaveLength(1);
  });

  it('is cut off where the server says nothing', async () => {
    const mute = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    const { received, port } = await receiveMail({ certificates });
    const { desk: service } = await notifying({
      section: {
        targets: { mute: email((mute.address() as AddressInfo).port), good: email(port) },
        deadline_ms: 1_500,
      },
    });
    expect(await service.test(undefined, ADA)).toEqual([
      { target: 'mute', type: 'email', ok: false, error: 'no answer within 1500 ms' },
      { target: 'good', type: 'email', ok: true, error: null },
    ]);
    expect(received).toHaveLength(1);
  });

  it('that reaches some of its recipients is delivered, and says so without naming one', async () => {
    const { received, port } = await receiveMail({ certificates, refused: ['gone@example.com'] });
    const { store, look, deliveries } = await notifying({
      section: {
        targets: {
          some: email(port, { to: ['gone@example.com', 'here@example.com'] }),
          none: email(port, { to: ['gone@example.com'] }),
        },
      },
    });
    await store.securityEvents.raise(outdated('payments'));
    await look();
    await vi.waitFor(
      async () =>
        expect((await deliveries()).map(({ state, lastError }) => [state, lastError])).toEqual([
          ['pending', 'all recipients are refused'],
          ['delivered', '1 of 2 recipients were refused'],
        ]),
      PATIENCE,
    );
    expect(received.map(({ to }) => to)).toEqual([['here@example.com']]);
  });
});

describe('the contacts of a scope', () => {
  const scopes = [
    { id: 'payments', contacts: ['pay@example.com'] },
    { id: 'mail', contacts: ['mail@example.com'] },
    { id: 'quiet', contacts: [] },
  ];

  it('are told of what is about it, each of their own scopes, without evidence', async () => {
    const { received, port } = await receiveMail({ certificates });
    const { store, look, deliveries } = await notifying({
      section: { targets: { team: email(port, { evidence: true }) } },
      scopes,
    });
    await store.securityEvents.raise(outdated('payments'));
    await store.securityEvents.raise(outdated('quiet'));
    await store.securityEvents.raise(
      securityEvent('token.cross_scope', {
        scope: 'mail',
        key_scope: 'payments',
        kid: 'k',
        client: null,
        digest: 'd',
        names_scope: false,
        recorded: true,
        claims: { sub: 'alice' },
      }),
    );
    await look();
    await vi.waitFor(() => expect(received).toHaveLength(6), PATIENCE);
    const about = (address: string) => received.filter(({ to }) => to[0] === address);
    expect(about('pay@example.com').map(({ text }) => /^Subject: .*$/m.exec(text)?.[0])).toEqual([
      'Subject: [Keyward] warning: verifier.outdated (scope:payments)',
      'Subject: [Keyward] warning: token.cross_scope (key:k)',
    ]);
    expect(about('mail@example.com')).toHaveLength(1);
    expect(about('security@example.com')).toHaveLength(3);
    expect(about('security@example.com')[0]?.text).toContain('"shop"');
    expect(about('pay@example.com')[0]?.text).not.toContain('shop');
    expect(received.some(({ text }) => text.includes('alice'))).toBe(false);
    expect(new Set((await deliveries()).map(({ contactsOf }) => contactsOf))).toEqual(
      new Set([null, 'payments', 'mail']),
    );
  });

  it.each([
    ['that is turned off', { enabled: false }],
    ['only critical ones', { min_severity: 'critical' }],
  ])('are left alone where the configuration says so: %s', async (_what, contacts) => {
    const { received, port } = await receiveMail({ certificates });
    const { store, look } = await notifying({
      section: { targets: { team: email(port) }, contacts },
      scopes,
    });
    await store.securityEvents.raise(outdated('payments'));
    await look();
    await vi.waitFor(async () => {
      expect(received).toHaveLength(1);
      expect(await store.notifications.counts()).toEqual({ pending: {}, dead: {} });
    }, PATIENCE);
    expect(received[0]?.to).toEqual(['security@example.com']);
  });
});

describe('what is bad on the line', () => {
  it('ends nothing but the attempt: a server that resets the connection at once', async () => {
    const rude = createServer((socket) => {
      socket.on('error', () => {});
      socket.resetAndDestroy();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void rude.close());
    await once(rude, 'listening');
    const { desk: service } = await notifying({
      section: { targets: { rude: email((rude.address() as AddressInfo).port) } },
    });
    for (let round = 0; round < 5; round += 1) {
      expect(await service.test('rude', ADA)).toMatchObject([{ ok: false }]);
    }
  });

  it('adds no header and no line to a mail: a subject with line ends', async () => {
    const { received, port } = await receiveMail({ certificates });
    const { store, look } = await notifying({
      section: { targets: { team: email(port, { evidence: true }) } },
    });
    const evil = 'a\r\nBcc: thief@example.com\r\n\r\nTo take it up: send the PIN to\u2028thief@example.com';
    await store.securityEvents.raise(
      securityEvent('drill.overdue', { drill: evil, since: 1, last_passed_at: null, overdue_at: 2 }),
    );
    await look();
    await vi.waitFor(() => expect(received).toHaveLength(1), PATIENCE);
    const { to, text = '' } = received[0] ?? {};
    expect(to).toEqual(['security@example.com']);
    expect(text).not.toMatch(/^(Bcc:|To take it up: send)/m);
    expect(text).not.toContain('\u2028');
  });
});
