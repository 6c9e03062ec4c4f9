import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askKeys } from '../../../src/doctor/ask-service.ts';

async function told(metrics: string) {
  const server = createServer((_request, response) => response.end(metrics)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return askKeys({ host: '0.0.0.0', port: (server.address() as AddressInfo).port });
}

test('keys that the service keeps out of service are a failure, whatever keeps them out', async () => {
  const metrics = [
    '# HELP keyward_key_unproven Keys kept out of service, 7 say',
    'keyward_key_unproven{scope="payments"} 2',
    'keyward_key_unproven{scope="mail"} 0',
    'keyward_key_refused 1',
  ];
  expect(await told(metrics.join('\n'))).toEqual([
    {
      check: 'service: keys',
      level: 'fail',
      summary: '3 kept out of service',
      advice: 'keyward key list names them, and says why',
    },
  ]);
});

test('a service whose keys all serve is well', async () => {
  expect(await told('keyward_key_unproven{scope="mail"} 0\nkeyward_key_refused 0\n')).toEqual([
    {
      check: 'service: keys',
      level: 'ok',
      summary: 'no key is kept out of service',
    },
  ]);
});

test('an operations plane that cannot be asked is said, not taken for well', async () => {
  expect(await told('<html>')).toMatchObject([{ check: 'service: keys', level: 'warn' }]);
});

test('scopes that no standby on another HSM token could take over are a warning, and others are none', async () => {
  const ready = ['keyward_key_refused 0', 'keyward_failover_ready{scope="mail"} 1'];
  expect((await told(ready.join('\n'))).map(({ check }) => check)).toEqual(['service: keys']);
  const lacking = Array.from({ length: 10 }, (_, at) => `keyward_failover_ready{scope="s${at}"} 0`);
  expect(await told([...ready, ...lacking].join('\n'))).toContainEqual({
    check: 'service: failover',
    level: 'warn',
    summary: 'no standby on another HSM token could sign now for s0, s1, s2, s3, s4, s5, s6, s7 and 2 others',
    advice: 'a new one can once every verifier knows it; keyward key list shows where standbys are',
  });
});

test('an HSM token that is away is a failure of its own, with its name', async () => {
  const metrics = [
    'keyward_key_refused 0',
    'keyward_signer_state{hsm_token="primary",state="ready"} 1',
    'keyward_signer_state{hsm_token="issuer-b",state="ready"} 0',
    'keyward_signer_state{hsm_token="issuer-b",state="away"} 1',
  ];
  expect(await told(metrics.join('\n'))).toEqual([
    { check: 'service: keys', level: 'ok', summary: 'no key is kept out of service' },
    {
      check: 'service: HSM',
      level: 'fail',
      summary: 'the token issuer-b is away: its keys do not sign',
      advice: 'see the service’s log',
    },
  ]);
});

test('an audit sink that is away is a failure of its own, and one that is not says nothing', async () => {
  const metrics = [
    'keyward_key_refused 0',
    'keyward_audit_sink_up{sink="file:/var/lib/keyward/audit.jsonl"} 1',
    'keyward_audit_sink_up{sink="syslog:siem.example:6514"} 0',
  ];
  const [, ...findings] = await told(metrics.join('\n'));
  expect(findings).toEqual([
    {
      check: 'service: audit sink',
      level: 'fail',
      summary: 'syslog:siem.example:6514 did not confirm what it was last told',
      advice: 'see the service’s log: with every sink away nothing can be weakened',
    },
  ]);
});

test('a rehearsal that is overdue is a warning, and one that is not says nothing', async () => {
  const metrics = ['keyward_key_refused 0', 'keyward_drill_overdue{drill="compromise"} 1'];
  const [, ...findings] = await told(metrics.join('\n'));
  const [, ...calm] = await told('keyward_key_refused 0\nkeyward_drill_overdue{drill="compromise"} 0\n');
  expect(calm).toEqual([]);
  expect(findings).toEqual([
    {
      check: 'service: drill',
      level: 'warn',
      summary: 'nobody has rehearsed a compromise for too long',
      advice: 'keyward drill compromise',
    },
  ]);
});

test('a review that is overdue is a warning, and one that is not says nothing', async () => {
  const findings = async (overdue: 0 | 1) =>
    (await told(`keyward_key_refused 0\nkeyward_review_overdue ${overdue}\n`)).slice(1);
  expect(await findings(1)).toEqual([
    {
      check: 'service: review',
      level: 'warn',
      summary: 'nobody has looked at what happened for too long',
      advice: 'keyward review',
    },
  ]);
  expect(await findings(0)).toEqual([]);
});
