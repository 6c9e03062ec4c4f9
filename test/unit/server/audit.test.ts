import { describe, expect, it } from 'vitest';
import type { RefusedRequest, RejectedSecret } from '../../../src/kernel/activity.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';
import { ACTIVE_KEY, NOW } from '../../support/payments.ts';

const HASH = Buffer.alloc(32, 1);
const EVENT = {
  sequence: 4,
  time: 1_800_000_000,
  type: 'grant.added',
  actor: 'alice',
  subject: 'client:web',
  requestId: null,
  traceId: '0af7651916cd43dd8448eb211c80319c',
  detailsJson: '{"scope":"payments"}',
  hash: HASH,
};

const CHECKPOINT = { number: 3, time: NOW, auditSequence: 9, jws: 'e30.e30.c2ln' };
const auditKey = { kid: 'audit-kid', publicJwk: ACTIVE_KEY.publicJwk };

describe('GET /v1/checkpoints/latest', () => {
  it('gives anyone the newest checkpoint and the key that signed it', async () => {
    const http = await dataPlane({ checkpoints: { auditKey, latest: () => CHECKPOINT } });
    const { status, body } = await http.get('/v1/checkpoints/latest');
    expect([status, body]).toEqual([
      200,
      {
        number: CHECKPOINT.number,
        time: CHECKPOINT.time,
        checkpoint: CHECKPOINT.jws,
        kid: 'audit-kid',
        public_jwk: ACTIVE_KEY.publicJwk,
      },
    ]);
  });

  it('has nothing before the first', async () => {
    const http = await dataPlane({ checkpoints: { auditKey, latest: () => undefined } });
    const { status, body } = await http.get('/v1/checkpoints/latest');
    expect([status, body.code]).toEqual([404, 'not_found']);
  });
});

describe('GET /v1/admin/audit', () => {
  const audit = {
    eventsAfter: async (after: number, limit: number) =>
      after === 3 && limit === 6 ? [EVENT] : [EVENT, { ...EVENT, sequence: 5 }],
    newestEvents: async (limit: number) => (limit === 100 ? [EVENT, { ...EVENT, sequence: 5 }] : []),
    checkpointsAfter: async (after: number) => (after === 2 ? [CHECKPOINT] : []),
  };
  const ask = async (path: string, as = 'audits') =>
    (await operationsPlane({ audit })).get(path).set('Authorization', `Bearer ${as}`);
  const told = {
    sequence: 4,
    time: 1_800_000_000,
    type: 'grant.added',
    actor: 'alice',
    subject: 'client:web',
    request_id: null,
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    details: { scope: 'payments' },
    hash: HASH.toString('base64url'),
  };

  it('lists events behind the one named, and the newest where none is', async () => {
    expect((await ask('/v1/admin/audit?after=3&limit=5')).body).toEqual({ events: [told], next: null });
    expect((await ask('/v1/admin/audit?after=2&limit=1')).body).toEqual({ events: [told], next: 4 });
    expect((await ask('/v1/admin/audit')).body).toEqual({
      events: [told, { ...told, sequence: 5 }],
      next: null,
    });
  });

  it('lists checkpoints', async () => {
    const { number, time, auditSequence, jws } = CHECKPOINT;
    expect((await ask('/v1/admin/checkpoints?after=2')).body).toEqual({
      checkpoints: [{ number, time, audit_sequence: auditSequence, checkpoint: jws }],
      next: null,
    });
  });

  it.each(['limit=0', 'limit=1001', 'after=-1', 'after=x', 'from=1'])('refuses ?%s', async (query) => {
    expect((await ask(`/v1/admin/audit?${query}`)).status).toBe(422);
  });

  it('is for operators alone', async () => {
    expect((await ask('/v1/admin/audit', 'idles')).status).toBe(403);
    expect((await ask('/v1/admin/checkpoints', 'nobody')).status).toBe(401);
  });
});

describe('what the audit trail hears of', () => {
  async function told(as: string, method: 'get' | 'post', path: string, plane = operationsPlane) {
    const heard: RefusedRequest[] = [];
    const http = await plane({
      callers: {
        authenticated: () => {},
        rejectedSecret: () => {},
        refused: (request) => heard.push(request),
      },
    });
    await http[method](path)
      .set('Authorization', `Bearer ${as}`)
      .send(method === 'post' ? {} : undefined);
    return heard.map(({ requestId, remote, ...rest }) => rest);
  }

  it('is a wrong login', async () => {
    expect(await told('nobody', 'get', '/v1/admin/keys')).toEqual([
      {
        plane: 'operations',
        method: 'GET',
        route: '/v1/admin/keys',
        code: 'credential_invalid',
        caller: undefined,
      },
    ]);
  });

  it('is an act without the role, and one that is refused for what it asks', async () => {
    const route = '/v1/admin/scopes';
    const act = { plane: 'operations', method: 'POST', route };
    expect(await told('audits', 'post', route)).toEqual([{ ...act, code: 'role_missing', caller: 'eve' }]);
    expect(await told('operates', 'post', route)).toEqual([
      { ...act, code: 'invalid_request', caller: 'ada' },
    ]);
  });

  it('is a client without the grant, and not a token that is asked for wrongly', async () => {
    const route = '/v1/scopes/{scope}/tokens';
    const path = '/v1/scopes/payments/tokens';
    expect(await told('verifies', 'post', path, dataPlane)).toEqual([
      { plane: 'data', method: 'POST', route, code: 'grant_missing', caller: 'relying' },
    ]);
    expect(await told('signs', 'post', path, dataPlane)).toEqual([]);
  });

  it('is not a look that finds nothing', async () => {
    expect(await told('audits', 'get', '/v1/admin/scopes/nowhere')).toEqual([]);
  });
});

describe('what is told of whoever shows a credential in vain', () => {
  async function told(
    method: 'get' | 'post' | 'delete',
    path: string,
    authorization?: string,
    plane = dataPlane,
  ) {
    const heard: RejectedSecret[] = [];
    const http = await plane({
      callers: { authenticated: () => {}, refused: () => {}, rejectedSecret: (what) => heard.push(what) },
    });
    const request = http[method](path).set('X-Request-Id', 'r-1');
    if (authorization !== undefined) request.set('Authorization', authorization);
    await request.send(method === 'post' ? {} : undefined);
    return heard.map(({ remote, ...rest }) => rest);
  }
  const shown = (text: string) => [
    { text, use: 'authentication', caller: null, requestId: expect.any(String) },
  ];

  it.each([
    ['a credential that is not valid', 'post', '/v1/scopes/payments/tokens', 'Bearer nobody'],
    ['what is no credential', 'post', '/v1/scopes/payments/verify', 'Bearer eyJh.c.s'],
    ['another scheme', 'post', '/v1/scopes/payments/introspect', 'Basic bm9ib2R5OmE='],
    ['a path that does not exist', 'get', '/admin', 'Bearer nobody'],
    ['a method that the path has not', 'delete', '/v1/scopes/payments/tokens', 'Bearer nobody'],
    ['a path that asks for none', 'get', '/healthz', 'Bearer nobody'],
  ] as const)('is the header: %s', async (_, method, path, authorization) => {
    expect(await told(method, path, authorization)).toEqual(shown(authorization));
    expect(await told(method, path)).toEqual([]);
  });

  it('is the header on the operations plane as well', async () => {
    expect(await told('get', '/v1/admin/keys', 'Bearer eyJh.c.s', operationsPlane)).toEqual(
      shown('Bearer eyJh.c.s'),
    );
  });

  it('is nothing of who is let in, or lacks the grant', async () => {
    expect(await told('post', '/v1/scopes/payments/tokens', 'Bearer signs')).toEqual([]);
    expect(await told('post', '/v1/scopes/payments/tokens', 'Bearer verifies')).toEqual([]);
    expect(await told('get', '/v1/admin/keys', 'Bearer audits', operationsPlane)).toEqual([]);
  });
});

describe('what is told of the body of a client that may not ask', () => {
  const VERIFY = '/v1/scopes/payments/verify';
  const body = JSON.stringify({ token: 'eyJh.c.s' });

  it.each([
    ['verify', VERIFY, 'signs'],
    ['verify', '/v1/scopes/nowhere/verify', 'verifies'],
    ['introspect', '/v1/scopes/payments/introspect', 'signs'],
    ['revoke', '/v1/scopes/payments/revoke', 'signs'],
  ])('is all of it: %s at %s', async (use, path, as) => {
    const { ask, heard } = await listening();
    await ask(path, as, body);
    await expect.poll(heard).toEqual([{ text: body, use, caller: expect.stringMatching(/^client:/) }]);
  });

  it.each([
    ['a client that is not known', VERIFY, 'nobody', body, 401],
    ['a path that takes no token', '/v1/scopes/payments/tokens', 'verifies', body, 403],
    ['a body that is too long', VERIFY, 'signs', JSON.stringify({ token: 'x'.repeat(17_000) }), 403],
    ['a client that may ask', VERIFY, 'verifies', body, 200],
  ])('is nothing of %s', async (_, path, as, sent, status) => {
    const { ask, heard } = await listening();
    expect(await ask(path, as, sent)).toBe(status);
    await ask(VERIFY, 'signs', body);
    await expect.poll(heard).toEqual([{ text: body, use: 'verify', caller: expect.any(String) }]);
  });

  async function listening() {
    const told: RejectedSecret[] = [];
    const http = await dataPlane({
      callers: { authenticated: () => {}, refused: () => {}, rejectedSecret: (what) => told.push(what) },
    });
    return {
      async ask(path: string, as: string, text: string): Promise<number> {
        const request = http.post(path).set('Authorization', `Bearer ${as}`);
        return (await request.type('application/json').send(text)).status;
      },
      heard: () =>
        told
          .filter((what) => what.use !== 'authentication')
          .map(({ text, use, caller }) => ({ text, use, caller })),
    };
  }
});
