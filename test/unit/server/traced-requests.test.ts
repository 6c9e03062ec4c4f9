import { expect, it, vi } from 'vitest';
import type { TokenRequest } from '../../../src/kernel/issuance.ts';
import type { TracedRequest, Tracer } from '../../../src/kernel/trace.ts';
import { dataPlane } from '../../support/on-loopback.ts';
import { RELEASED } from '../../support/payments.ts';
import { RECORDED_PARENT, recordingTracer } from '../../support/recording-tracer.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const TOKENS = '/v1/scopes/payments/tokens';

/** Judges each request so, and keeps what it was asked. */
function judging(isSampled: boolean) {
  const { tracer: recording, ended } = recordingTracer();
  const asked: Omit<TracedRequest, 'startedAt'>[] = [];
  const tracer: Tracer = {
    ...recording,
    request({ startedAt: _startedAt, ...request }) {
      asked.push(request);
      return isSampled ? recording.request({ ...request, startedAt: 0 }) : undefined;
    },
  };
  return { tracer, asked, ended };
}

const issuing = async (tracer: Tracer | undefined, headers: Record<string, string> = {}) => {
  const issue = vi.fn(async (_request: TokenRequest) => RELEASED);
  const http = await dataPlane({ tracer, issuer: { issue } });
  const sent = { Authorization: 'Bearer signs', 'X-Request-Id': 'req-1', ...headers };
  const answer = await http.post(TOKENS).set(sent).send({ claims: {} });
  return { answer, trace: issue.mock.calls[0]?.[0].trace };
};

it.each([true, false])(
  'a request is judged once, when its caller is known (sampled: %s)',
  async (isSampled) => {
    const { tracer, asked } = judging(isSampled);
    const { answer, trace } = await issuing(tracer, {
      traceparent: `00-${TRACE}-${PARENT}-01`,
      tracestate: 'vendor=1',
    });
    expect(asked).toEqual([
      {
        name: 'POST /v1/scopes/{scope}/tokens',
        parent: { traceId: TRACE, spanId: PARENT, isSampled: true },
        state: 'vendor=1',
        isAuthenticated: true,
      },
    ]);
    expect(answer.headers.traceresponse).toBe(isSampled ? RECORDED_PARENT : undefined);
    expect(trace?.span !== undefined).toBe(isSampled);
    // Not sampled, the request is on record with the trace of its caller all the same.
    expect(trace?.traceId).toBe(isSampled ? 'a'.repeat(32) : TRACE);
  },
);

it('the span tells method, route, status, request and caller', async () => {
  const { tracer, ended } = judging(true);
  await issuing(tracer);
  expect(ended).toEqual([
    {
      name: 'POST /v1/scopes/{scope}/tokens',
      attributes: {
        'http.request.method': 'POST',
        'http.route': TOKENS.replace('payments', '{scope}'),
        'http.response.status_code': 201,
        'keyward.plane': 'data',
        'keyward.request_id': 'req-1',
        'keyward.caller': 'identity',
      },
      error: undefined,
    },
  ]);
});

it.each([
  ['a wrong credential', 'post', TOKENS, 401, 'credential_invalid'],
  ['no such path', 'get', '/v1/nothing/alice@example.com', 404, 'not_found'],
] as const)('with %s the caller counts as nobody', async (_what, method, path, status, problem) => {
  const { tracer, asked, ended } = judging(true);
  const http = await dataPlane({ tracer });
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const answer = await http[method](path).set({ Authorization: 'Bearer x', traceparent });
  expect(answer.status).toBe(status);
  expect(asked.map(({ isAuthenticated }) => isAuthenticated)).toEqual([false]);
  expect(ended.map(({ attributes, error }) => [attributes['keyward.problem'], error])).toEqual([
    [problem, undefined],
  ]);
  expect(JSON.stringify(ended)).not.toContain('alice');
});

it.each(['/healthz', '/readyz', '/readyz/sign', '/readyz/verify'])('%s is never traced', async (path) => {
  const { tracer, asked } = judging(true);
  await (await dataPlane({ tracer })).get(path);
  expect(asked).toEqual([]);
});

it('without a tracer the trace of a caller is passed on, and nothing begins', async () => {
  const { answer, trace } = await issuing(undefined, { traceparent: `00-${TRACE}-${PARENT}-00` });
  expect(answer.headers).not.toHaveProperty('traceresponse');
  expect(trace).toMatchObject({ traceId: TRACE });
  expect(trace?.span).toBeUndefined();
  expect((await issuing(undefined)).trace).toBeUndefined();
});
