import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { parse } from 'yaml';
import { type NotificationMessage, payloadOf } from '../../../src/notifications/message.ts';
import { notificationSection, notificationSettings } from '../../../src/notifications/settings.ts';
import { cefOf } from '../../../src/notifications/targets/syslog.ts';
import { folderOfTest } from '../../support/folder-of-test.ts';
import { freePorts } from '../../support/free-port.ts';
import { ADA, notifying } from '../../support/notifying.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/notifications.md'), 'utf8');

/** The blocks of that language, without the indentation that a list gives them. */
function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms'))].map(
    ([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

const EVENT = {
  sequence: 17,
  type: 'token.never_issued',
  severity: 'critical',
  subject: 'key:k1',
  meaning: 'm',
  runbook: 'r',
  raised_at: 1,
  state: 'open',
} as const;

it('has a configuration that can be copied', () => {
  const [yaml = ''] = blocks('yaml');
  const section = notificationSection.parse(parse(yaml).notifications);
  expect(notificationSettings(section, (path) => path)).toMatchObject({
    contacts: { target: 'team' },
    routes: [
      { name: 'everything', acknowledge_within_seconds: null },
      { name: 'on-call', acknowledge_within_seconds: 300 },
      { name: 'team', acknowledge_within_seconds: 900 },
    ],
  });
});

it('has a receiver that takes what is signed with the secret made as it says, and nothing else', async () => {
  const folder = folderOfTest();
  const command = /^ *(\(umask .*\))$/m.exec(PAGE)?.[1] ?? '';
  execFileSync('bash', ['-euc', command], { cwd: folder });
  const secret_file = join(folder, 'on-call.secret');
  const [port = 0] = await freePorts(1);
  const receiver = (blocks('js')[0] ?? '')
    .replace("'on-call.secret'", JSON.stringify(secret_file))
    .replace('8443', String(port));
  const child = spawn(process.execPath, ['--input-type=module', '--eval', receiver], { cwd: ROOT });
  const gone = once(child, 'close');
  onTestFinished(async () => {
    child.kill();
    await gone;
  });
  const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = `http://127.0.0.1:${port}/`;
  const { desk: service } = await notifying({
    section: { targets: { 'on-call': { type: 'webhook', url, secret_file, allow_private: true } } },
  });
  await vi.waitFor(
    async () => expect(await service.test('on-call', ADA)).toMatchObject([{ ok: true, error: null }]),
    { timeout: 20_000 },
  );
  expect((await said.next()).value).toBe('[Keyward] a test: security events reach you');
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': String(Math.floor(Date.now() / 1_000)) };
  const forged = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}` },
    body: '{"title":"all is well"}',
  });
  expect(forged.status).toBe(401);
});

it('shows the members that messages have', () => {
  const facts = { id: 'msg_1', at: 1, severity: 'critical', title: 't' } as const;
  const told = payloadOf({ ...facts, kind: 'event', data: { event: EVENT } });
  const [json = ''] = blocks('json');
  const members = (value: unknown): unknown =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([name, member]) => [name, members(member)])
      : typeof value;
  expect(members(JSON.parse(json))).toEqual(members(told));
});

it('names every field of CEF, and no other', () => {
  const facts = { id: 'msg_1', at: 1, severity: 'critical', title: 't' } as const;
  const summary = {
    events: 2,
    first_sequence: 1,
    last_sequence: 3,
    severity: 'critical',
    types: ['clock.jump'],
  } as const;
  const messages: NotificationMessage[] = [
    { ...facts, kind: 'event', data: { event: { ...EVENT, evidence: { kid: 'k' } } } },
    { ...facts, kind: 'summary', data: summary },
    { ...facts, kind: 'test', data: {} },
  ];
  const written = messages.flatMap((message) => [...cefOf(message).matchAll(/[| ]([A-Za-z0-9]+)=/g)]);
  const fields = new Set(written.map(([, name = '']) => name).filter((name) => !name.endsWith('Label')));
  const [, table = ''] = /\| field \| what \|\n(.*?)\n\n/s.exec(PAGE) ?? [];
  const named = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(new Set(named)).toEqual(fields);
});
