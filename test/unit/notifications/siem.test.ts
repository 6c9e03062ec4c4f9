import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { securityEvent } from '../../../src/kernel/security-events.ts';
import { certificatesOfFile } from '../../support/certificates-of-file.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { framesIn, listenForLines } from '../../support/line-server.ts';
import { ADA, notifying } from '../../support/notifying.ts';

const PATIENCE = { timeout: 30_000 };
const certificates = certificatesOfFile();

const ca_file = join(certificates, 'server.pem');
const files = () => ({ cert: readFileSync(ca_file), key: readFileSync(join(certificates, 'server.key')) });
const overdue = (since: number) =>
  securityEvent('drill.overdue', { drill: 'rotation', since, last_passed_at: null, overdue_at: 2 });

const syslog = (port: number, further: object = {}) => ({
  type: 'syslog',
  host: '127.0.0.1',
  port,
  allow_private: true,
  evidence: true,
  ...further,
});

it('a syslog server gets CEF by RFC 5424, one frame an event', async () => {
  const { port, heard } = await listenForLines();
  const { store, look } = await notifying({ section: { targets: { siem: syslog(port) } } });
  await store.securityEvents.raise(overdue(1));
  await store.securityEvents.raise(securityEvent('clock.jump', { jump: 'departed', wall: 1, expected: 5 }));
  await look();
  await vi.waitFor(() => expect(framesIn(heard())).toHaveLength(2), PATIENCE);
  const [critical, warning] = framesIn(heard());
  expect(critical).toMatch(
    /^<34>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ keyward \d+ security_event\.raised - CEF:0\|Keyward\|Keyward\|1\|clock\.jump\|[^|]*\|10\|/,
  );
  expect(warning).toMatch(
    /^<36>1 .* CEF:0\|Keyward\|Keyward\|1\|drill\.overdue\|[^|]*\|6\|.* cs4=\{"drill":"rotation","since":1,/,
  );
});

it('a syslog server behind TLS gets them where its certificate is vouched for, and not where it is not', async () => {
  const { port, heard } = await listenForLines(files());
  const { desk: service } = await notifying({
    section: { targets: { good: syslog(port, { tls: { ca_file } }), bad: syslog(port, { tls: {} }) } },
  });
  expect(await service.test(undefined, ADA)).toMatchObject([
    { target: 'good', ok: true, error: null },
    { target: 'bad', ok: false, error: expect.stringContaining('self-signed certificate') },
  ]);
  await vi.waitFor(() => expect(framesIn(heard())).toHaveLength(1), PATIENCE);
});

it('a syslog server that is started anew is connected to again', async () => {
  const { port, sockets, heard } = await listenForLines();
  const { desk: service } = await notifying({ section: { targets: { siem: syslog(port) } } });
  await service.test('siem', ADA);
  await vi.waitFor(() => expect(framesIn(heard())).toHaveLength(1), PATIENCE);
  const gone = once(sockets[0] as Socket, 'close');
  sockets[0]?.end();
  await gone;
  await vi.waitFor(async () => {
    expect(await service.test('siem', ADA)).toMatchObject([{ ok: true }]);
    expect(sockets).toHaveLength(2);
  }, PATIENCE);
});

it('a file gets a line of JSON each, also where it was moved away or ends within a line', async () => {
  const file = join(folderOfTest(), 'events.jsonl');
  writeFileSync(file, '{"cut');
  const { store, look, deliveries } = await notifying({
    section: { targets: { siem: { type: 'file', file } } },
  });
  await store.securityEvents.raise(overdue(1));
  await look();
  await vi.waitFor(async () => expect(await deliveries()).toMatchObject([{ state: 'delivered' }]), PATIENCE);
  renameSync(file, `${file}.1`);
  await store.securityEvents.raise(overdue(2));
  await look();
  await vi.waitFor(
    async () => expect(await deliveries()).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]),
    PATIENCE,
  );
  const [cut, first = ''] = readFileSync(`${file}.1`, 'utf8').split('\n');
  expect([cut, JSON.parse(first).data.event.sequence]).toEqual(['{"cut', 1]);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
    type: 'security_event.raised',
    data: { event: { sequence: 2, type: 'drill.overdue' } },
  });
});

it('a syslog server that never shakes hands is cut off, and its connection closed', async () => {
  const { port, server, sockets } = await listenForLines();
  const { desk: service } = await notifying({
    section: { targets: { mute: syslog(port, { tls: { ca_file } }) }, deadline_ms: 500 },
  });
  const closed = new Promise((resolve) => {
    server.once('connection', (socket: Socket) => socket.once('close', resolve));
  });
  expect(await service.test('mute', ADA)).toMatchObject([{ ok: false, error: 'no answer within 500 ms' }]);
  await closed;
  expect(await service.test('mute', ADA)).toMatchObject([{ ok: false, error: 'no answer within 500 ms' }]);
  expect(sockets).toHaveLength(2);
});
