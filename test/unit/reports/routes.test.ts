import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { Report } from '../../../src/reports/case.ts';
import type { ReportIntake } from '../../../src/reports/intake.ts';
import { createReportLimits, type ReportLimitSettings } from '../../../src/reports/routes/public.ts';
import { dataPlane } from '../../support/on-loopback.ts';

const REPORTS = '/v1/scopes/payments/reports';
const PAGE = '/scopes/payments/report';
const PLENTY: ReportLimitSettings = { per_network_per_hour: 1_000, per_minute: 1_000, per_day: 1_000 };

// The limits' own time stands still, however long a request takes; Node's sockets have theirs.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function served(limits: Partial<ReportLimitSettings> = {}, intake?: ReportIntake) {
  const received: Report[] = [];
  const refused: string[] = [];
  const http = await dataPlane({
    publicly: {
      intake: intake ?? {
        receive: async (report) => {
          received.push(report);
          return '7Q3K-M2XD';
        },
      },
      limits: createReportLimits(
        { ...PLENTY, ...limits },
        { refused: ({ shared }) => refused.push(shared ? 'shared' : 'own') },
      ),
    },
  });
  const send = (body: object | string, path = REPORTS) =>
    http.post(path).set('Content-Type', 'application/json').set('X-Request-Id', 'req-1').send(body);
  const form = (fields: Record<string, string>) => http.post(PAGE).type('form').send(fields);
  return { http, received, refused, send, form };
}

describe('a report', () => {
  it('is answered with the number of its case and nothing else', async () => {
    const { send, received } = await served();
    const { status, body, headers } = await send({ token: 'a.b.c', text: ' odd ', contact: 'ada' });
    expect([status, body]).toEqual([201, { report: '7Q3K-M2XD' }]);
    expect(headers['cache-control']).toBe('no-store');
    expect(received).toEqual([
      { scopeId: 'payments', token: 'a.b.c', text: 'odd', contact: 'ada', requestId: 'req-1' },
    ]);
  });

  it.each([
    [{ token: 'Bearer a.b.c' }, 'a.b.c'],
    [{ token: '  a.b\r\n .c\t' }, 'a.b.c'],
    [{ token: 'bearer' }, 'bearer'],
    [{ token: '', text: 'x' }, null],
    [{ text: 'x' }, null],
  ])('%j is one of the token %j', async (body, token) => {
    const { send, received } = await served();
    expect((await send(body)).status).toBe(201);
    expect(received[0]?.token).toBe(token);
  });

  it.each<[string, object | string, number, string]>([
    ['nothing', {}, 422, 'invalid_request'],
    ['blanks', { token: ' ', text: '\r\n', contact: 'ada' }, 422, 'invalid_request'],
    ['a contact alone', { contact: 'ada' }, 422, 'invalid_request'],
    ['a token that is no text', { token: 7 }, 422, 'invalid_request'],
    ['null', { text: null }, 422, 'invalid_request'],
    ['another member', { text: 'x', scope: 'mail' }, 422, 'unknown_member'],
    ['a long token', { token: 'x'.repeat(12_001) }, 422, 'invalid_request'],
    ['a long text', { text: 'x'.repeat(4_001) }, 422, 'invalid_request'],
    ['a long contact', { text: 'x', contact: 'x'.repeat(201) }, 422, 'invalid_request'],
    ['a large body', { text: 'x'.repeat(65_536) }, 413, 'body_too_large'],
    ['depth', { text: { x: 1 } }, 400, 'malformed_json'],
    ['a member twice', '{"text":"x","text":"y"}', 400, 'malformed_json'],
    ['no JSON', 'text=x', 400, 'malformed_json'],
  ])('of %s is refused, and nothing is kept', async (_, body, status, code) => {
    const { send, received } = await served();
    const answer = await send(body);
    expect([answer.status, answer.body.code, received]).toEqual([status, code, []]);
  });

  it('of the longest members is taken', async () => {
    const { send, received } = await served();
    const longest = { token: 'x'.repeat(12_000), text: '€'.repeat(4_000), contact: 'x'.repeat(200) };
    expect((await send(longest)).status).toBe(201);
    expect(received).toMatchObject([longest]);
  });

  it('of a scope that is not there is refused as its key set is', async () => {
    const { http, send } = await served();
    const { status, body } = await send({ text: 'x' }, '/v1/scopes/ghost/reports');
    const keySet = await http.get('/scopes/ghost/jwks.json');
    expect([status, body.code, body.detail]).toEqual([keySet.status, keySet.body.code, keySet.body.detail]);
    expect(status).toBe(404);
  });

  it('that cannot be kept is not confirmed', async () => {
    const away = new KeywardError('store_unavailable', 'try again');
    const { send } = await served({}, { receive: () => Promise.reject(away) });
    const { status, body } = await send({ text: 'x' });
    expect([status, body.code]).toEqual([503, 'store_unavailable']);
  });
});

describe('reports are limited', () => {
  const outcome = ({ status, headers }: { status: number; headers: object }) => [
    status,
    (headers as Record<string, string>)['retry-after'],
  ];

  it('by network, wrong ones and those of scopes that are not there too, and not key sets', async () => {
    const { http, send, received, refused } = await served({ per_network_per_hour: 3 });
    const outcomes = [
      outcome(await send({})),
      outcome(await send({ text: 'x' }, '/v1/scopes/ghost/reports')),
      outcome(await send({ text: 'x' })),
      outcome(await send({ text: 'x' })),
    ];
    expect(outcomes).toEqual([
      [422, undefined],
      [404, undefined],
      [201, undefined],
      [429, '3600'],
    ]);
    expect([received.length, refused]).toEqual([1, ['own']]);
    expect((await http.get('/scopes/payments/jwks.json')).status).toBe(200);
    vi.advanceTimersByTime(3_600_000);
    expect((await send({ text: 'x' })).status).toBe(201);
  });

  it('in all, a minute and a day by the hour, by what is kept alone', async () => {
    const { send, received, refused } = await served({ per_minute: 2, per_day: 72 });
    expect((await send({})).status).toBe(422);
    const first = [await send({ text: 'x' }), await send({ text: 'x' }), await send({ text: 'x' })];
    expect(first.map(outcome)).toEqual([
      [201, undefined],
      [201, undefined],
      [429, '60'],
    ]);
    vi.advanceTimersByTime(60_000);
    const then = [await send({ text: 'x' }), await send({ text: 'x' })];
    expect(then.map(outcome)).toEqual([
      [201, undefined],
      [429, '3540'],
    ]);
    expect([received.length, refused]).toEqual([3, ['shared', 'shared']]);
    vi.advanceTimersByTime(3_540_000);
    expect((await send({ text: 'x' })).status).toBe(201);
  });
});

describe('reports from one wide network', () => {
  const asked = (limits: Partial<ReportLimitSettings>) => {
    const refused: string[] = [];
    const { from, inAll } = createReportLimits(
      { per_network_per_hour: 20, per_minute: 10_000, per_day: 2_000, ...limits },
      { refused: ({ shared }) => refused.push(shared ? 'shared' : 'own') },
    );
    const taken = async (address: string) => {
      try {
        await from(address);
        await inAll();
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'rate_limited' });
        return false;
      }
    };
    const several = async (addresses: readonly string[]) => {
      let count = 0;
      for (const address of addresses) if (await taken(address)) count += 1;
      return count;
    };
    return { taken, several, refused };
  };
  const SUBNETS = Array.from({ length: 100 }, (_, n) => `2001:db8:7:${n.toString(16)}::1`);

  it('have a share of the day, and those from elsewhere are taken', async () => {
    const { taken, several, refused } = asked({});
    expect(await several([...SUBNETS, ...SUBNETS])).toBe(50);
    expect(refused.filter((of) => of === 'shared')).toHaveLength(150);
    expect([await taken('2001:db8:8::1'), await taken('192.0.2.1')]).toEqual([true, true]);
    vi.advanceTimersByTime(3_600_000);
    expect(await taken('2001:db8:7::1')).toBe(false);
    vi.advanceTimersByTime(23 * 3_600_000);
    expect(await taken('2001:db8:7::1')).toBe(true);
  });

  it('are told apart by the /24 of IPv4', async () => {
    const { taken, several } = asked({});
    expect(await several(Array.from({ length: 60 }, (_, n) => `192.0.2.${n}`))).toBe(50);
    expect(await several(Array.from({ length: 5 }, (_, n) => `::ffff:192.0.2.${n + 70}`))).toBe(0);
    expect(await taken('192.0.3.1')).toBe(true);
  });

  it('and from others besides shut nobody out for longer than an hour, and not in silence', async () => {
    const { taken, several, refused } = asked({});
    const other = SUBNETS.map((address) => address.replace('db8:7', 'db8:8'));
    expect(await several([...SUBNETS.slice(0, 50), ...other.slice(0, 50)])).toBe(84);
    refused.length = 0;
    expect([await taken('198.51.100.1'), refused]).toEqual([false, ['shared']]);
    vi.advanceTimersByTime(3_600_000);
    expect(await taken('198.51.100.1')).toBe(true);
  });

  it('are as many as those of one network at least', async () => {
    const { several } = asked({ per_day: 100, per_network_per_hour: 3 });
    expect(await several(SUBNETS.slice(0, 5))).toBe(3);
  });
});

describe('the page', () => {
  it('is a form, with a policy of its own and the other headers of every answer', async () => {
    const { http } = await served();
    const [page, other] = [await http.get(PAGE), await http.get('/healthz')];
    expect([page.status, page.type]).toEqual([200, 'text/html']);
    expect(page.text).toContain('<form method="post" action="report"');
    const { 'content-security-policy': policy, 'cross-origin-opener-policy': opener, ...rest } = page.headers;
    expect([opener, String(policy).includes("form-action 'self'")]).toEqual(['same-origin', true]);
    expect(other.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
    const security = Object.entries(other.headers).filter(([name]) =>
      /^(x-(?!request)|referrer|cross)/.test(name),
    );
    expect(rest).toMatchObject(Object.fromEntries(security));
  });

  it('takes what the form sends', async () => {
    const { form, received } = await served();
    const { status, text } = await form({ token: '', text: 'one\r\ntwo', contact: '' });
    expect([status, text.includes('<p class="number">7Q3K-M2XD</p>')]).toEqual([201, true]);
    expect(received).toMatchObject([{ token: null, text: 'one\ntwo', contact: null }]);
  });

  it('says what was wrong beside what was written, without the token', async () => {
    const { form, received } = await served();
    const { status, text } = await form({ token: 'x'.repeat(12_001), text: '<b>', contact: '"a"' });
    expect(status).toBe(422);
    expect(text).toContain('<a href="#token">Token</a> use at most 12000 characters');
    expect(text).toContain('aria-describedby="token-hint" aria-invalid="true"');
    expect(text).toContain('&lt;b&gt;</textarea>');
    expect(text).toContain('value="&quot;a&quot;"');
    expect(text).not.toContain('xx');
    expect(received).toEqual([]);
  });

  it('names no field where none is wrong, and when to try again', async () => {
    const { form, http } = await served({ per_minute: 1, per_network_per_hour: 3 });
    expect((await form({ text: 'x' })).status).toBe(201);
    const later = await form({ text: 'kept' });
    expect([later.status, later.headers['retry-after']]).toEqual([429, '60']);
    expect(later.text).toContain('Try again in 1 minute.');
    expect(later.text).toContain('kept</textarea>');
    expect(later.text).not.toContain('aria-invalid');
    await form({});
    const tomorrow = await form({ text: 'unread' });
    expect([tomorrow.status, tomorrow.type, tomorrow.headers['retry-after']]).toEqual([
      429,
      'text/html',
      '3600',
    ]);
    expect(tomorrow.text).toContain('Try again in 1 hour.');
    expect(tomorrow.text).not.toContain('<form');
    expect((await http.get(PAGE)).status).toBe(200);
  });

  it.each<
    [
      string,
      (http: Awaited<ReturnType<typeof served>>['http']) => Promise<{ status: number; type: string }>,
      number,
    ]
  >([
    ['for a scope that is not there', async (http) => http.get('/scopes/ghost/report'), 404],
    ['of another media type', async (http) => http.post(PAGE).send({ text: 'x' }), 415],
    [
      'that is too large',
      async (http) =>
        http
          .post(PAGE)
          .type('form')
          .send({ text: 'x'.repeat(98_304) }),
      413,
    ],
    ['with a field twice', async (http) => http.post(PAGE).type('form').send('text=x&text=y'), 422],
  ])('that is asked for %s tells a person so', async (_, ask, status) => {
    const answer = await ask((await served()).http);
    expect([answer.status, answer.type]).toEqual([status, 'text/html']);
  });
});
