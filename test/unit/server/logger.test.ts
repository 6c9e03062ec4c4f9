import { expect, test } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { createLogger, setLogLevel } from '../../../src/server/logger.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { dataPlaneDeps } from '../../support/planes.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const TOKENS = '/v1/scopes/payments/tokens';

test('secrets are struck out wherever a member is named like one', () => {
  const { log, lines } = recordedLog();
  log.info({
    pin: 'S',
    token: 'S',
    request: { headers: { authorization: 'S', cookie: 'S', 'set-cookie': 'S' } },
    a: { b: { c: { secret: 'S', credential: 'S', kid: 'kept' } } },
  });
  expect(lines).toEqual([
    {
      level: 30,
      time: expect.any(String),
      pin: '[redacted]',
      token: '[redacted]',
      request: { headers: { authorization: '[redacted]', cookie: '[redacted]', 'set-cookie': '[redacted]' } },
      a: { b: { c: { secret: '[redacted]', credential: '[redacted]', kid: 'kept' } } },
    },
  ]);
});

test('a terminal that shows the log obeys nothing in it, and the line reads back as it was', () => {
  const hostile = '\u001b[2Jgone\u009b31m\u202e\u2028\u200b';
  const written: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void written.push(line) } });
  log.fatal({ why: `table "${hostile}"`, [hostile]: 1 }, hostile);
  const [line = ''] = written;
  expect(line).not.toMatch(/(?!\n$)[\p{C}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(line)).toMatchObject({ why: `table "${hostile}"`, [hostile]: 1, msg: hostile });
});

test('a request that went well is one line of debug, without body, token or credential', async () => {
  const { log, lines } = recordedLog('debug');
  const http = await dataPlane({ log });
  const asked = http.post(TOKENS).set('Authorization', 'Bearer signs').set('X-Request-Id', 'req-1');
  await asked.send({ claims: { sub: 'user-1' } });
  expect(lines).toEqual([
    {
      level: 20,
      time: expect.any(String),
      msg: 'request',
      request_id: 'req-1',
      plane: 'data',
      method: 'POST',
      route: TOKENS.replace('payments', '{scope}'),
      status: 201,
      caller: 'identity',
      duration_ms: expect.any(Number),
    },
  ]);
});

test('a refusal is one line of info with its code and where it came from', async () => {
  const { log, lines } = recordedLog();
  await (await dataPlane({ log }))
    .post(TOKENS)
    .set('Authorization', 'Bearer nobody')
    .set('X-Request-Id', 'req-1');
  expect(lines).toEqual([
    {
      level: 30,
      time: expect.any(String),
      msg: 'request',
      request_id: 'req-1',
      plane: 'data',
      method: 'POST',
      route: '/v1/scopes/{scope}/tokens',
      status: 401,
      duration_ms: expect.any(Number),
      remote: '127.0.0.1',
      code: 'credential_invalid',
      detail: 'nobody holds this credential',
    },
  ]);
});

test('the cause of a failure is logged and not sent', async () => {
  const { log, lines } = recordedLog();
  const issue = () =>
    Promise.reject(new KeywardError('hsm_unavailable', 'the HSM is away', { cause: new Error('CKR 0x30') }));
  const http = await dataPlane({ log, issuer: { issue } });
  const answer = await http.post(TOKENS).set('Authorization', 'Bearer signs').send({ claims: {} });
  expect(answer.text).not.toContain('CKR');
  expect(lines).toMatchObject([{ level: 30, code: 'hsm_unavailable', err: { message: 'CKR 0x30' } }]);
});

test.each([
  ['a.B_9-', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['two words', false],
  ['new<line>', false],
])('a request id %s is kept: %s', async (id, kept) => {
  const http = await dataPlane(dataPlaneDeps());
  const { headers } = await http.get('/healthz').set('X-Request-Id', id);
  if (kept) expect(headers['x-request-id']).toBe(id);
  else expect(headers['x-request-id']).toMatch(/^[A-Za-z0-9_-]{22}$/);
});

test('a level that changes is that of the loggers made from it, too', () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'warn', destination: { write: (line) => void lines.push(line) } });
  const child = log.child({ hsm_token: 'primary' });
  child.info('before');
  setLogLevel(log, 'info');
  child.info('after');
  log.info('after too');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['after', 'after too']);
});
