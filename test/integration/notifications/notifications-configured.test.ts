import { expect, it } from 'vitest';
import { auditConfiguredNotifications } from '../../../src/notifications/configured.ts';
import { notificationSection, notificationSettings } from '../../../src/notifications/settings.ts';
import { openTestStore } from '../../support/open-test-store.ts';

const settings = (section: object) =>
  notificationSettings(notificationSection.parse(section), (path) => path);
const HOOK = { type: 'webhook', url: 'https://hooks.example/token-in-the-path', secret_file: 's' };
const MAIL = { type: 'email', host: 'h', from: 'kw@example.com', to: ['eve@example.com'] };

it('tells the audit trail of every other section than the last, by names and without addresses', async () => {
  const { store } = await openTestStore();
  const configure = async (section: object) => {
    await auditConfiguredNotifications(store.audit, settings(section));
    const events = await store.audit.newestOfType('notifications.configured', 9);
    return events.map(({ detailsJson }) => JSON.parse(detailsJson));
  };
  expect(await configure({})).toEqual([]);
  const [first, ...none] = await configure({ targets: { hook: HOOK, team: MAIL } });
  expect(none).toEqual([]);
  expect(first).toEqual({
    digest: expect.stringMatching(/^[\w-]{43}$/),
    targets: { hook: 'webhook', team: 'email' },
    routes: [
      {
        name: 'default',
        severities: ['warning', 'critical'],
        targets: ['hook', 'team'],
        acknowledge_within_seconds: 900,
      },
    ],
    contacts: 'team',
  });
  expect(JSON.stringify(first)).not.toMatch(/token-in-the-path|eve@example/);
  expect(await configure({ targets: { hook: HOOK, team: MAIL } })).toHaveLength(1);
  const elsewhere = { ...HOOK, url: 'https://thief.example' };
  const [second] = await configure({ targets: { hook: elsewhere, team: MAIL } });
  expect(second.digest).not.toBe(first.digest);
  const all = await configure({});
  expect([all.length, all[0].targets]).toEqual([3, {}]);
});
