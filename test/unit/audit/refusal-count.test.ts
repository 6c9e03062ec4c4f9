import { expect, it } from 'vitest';
import { RefusalCount } from '../../../src/audit/refusal-count.ts';
import type { RefusedRequest } from '../../../src/kernel/activity.ts';

const LOGIN: RefusedRequest = {
  plane: 'operations',
  method: 'GET',
  route: '/v1/admin/keys',
  code: 'credential_invalid',
  caller: undefined,
  remote: '192.0.2.1',
  requestId: 'req-1',
};
const ACT: RefusedRequest = {
  ...LOGIN,
  method: 'POST',
  route: '/v1/admin/scopes',
  code: 'role_missing',
  caller: 'bob',
};

it('tells a thousand wrong logins in one event, with the first request and who they came from', () => {
  const count = new RefusalCount();
  for (let each = 0; each < 1_000; each += 1) {
    count.refused({ ...LOGIN, requestId: `req-${each + 1}`, remote: `192.0.2.${each % 40}` });
  }
  const [event, ...others] = count.take();
  expect(others).toEqual([]);
  expect(event).toMatchObject({ type: 'login.refused', subject: 'plane:operations', requestId: 'req-1' });
  expect(event?.details).toEqual({
    code: 'credential_invalid',
    count: 1_000,
    remotes: Array.from({ length: 16 }, (_, index) => `192.0.2.${index}`),
  });
});

it('names who tried what', () => {
  const count = new RefusalCount();
  count.refused(ACT);
  count.refused({ ...ACT, caller: 'carol' });
  expect(count.take().map(({ type, actor, subject, details }) => [type, actor, subject, details])).toEqual([
    [
      'act.refused',
      'bob',
      'POST /v1/admin/scopes',
      { code: 'role_missing', count: 1, remotes: ['192.0.2.1'] },
    ],
    [
      'act.refused',
      'carol',
      'POST /v1/admin/scopes',
      { code: 'role_missing', count: 1, remotes: ['192.0.2.1'] },
    ],
  ]);
});

it('begins anew after it was taken, and has nothing to tell of nothing', () => {
  const count = new RefusalCount();
  count.refused(LOGIN);
  expect(count.take()).toHaveLength(1);
  expect(count.take()).toEqual([]);
});

it('stays bounded however many kinds there are', () => {
  const count = new RefusalCount();
  for (let each = 0; each < 5_000; each += 1) count.refused({ ...ACT, caller: `client-${each}` });
  const events = count.take();
  expect(events).toHaveLength(129);
  expect(events.at(-1)?.details).toMatchObject({ count: 4_872 });
});
