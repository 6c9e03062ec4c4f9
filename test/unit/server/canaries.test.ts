import { beforeEach, describe, expect, it } from 'vitest';
import type { Canary, CanaryAdministration, WantedCanary } from '../../../src/canaries/canary.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { canarySample } from '../../support/canary-samples.ts';
import { operationsPlane } from '../../support/on-loopback.ts';

const DIGEST = 'A'.repeat(43);
const CREDENTIAL = { kind: 'credential', planted: 'here', credential_digest: DIGEST };
const TOKEN = { kind: 'token', planted: 'here', scope: 'payments', client: 'checkout', claims: { sub: 'a' } };
const KEY = { kind: 'key', planted: 'here', scope: 'payments' };
const canary = canarySample({ id: 'c1', scopeId: 'payments' });
const shown = {
  id: 'c1',
  kind: 'credential',
  planted: 'home of the build user',
  scope: 'payments',
  created_by: 'alice',
  created_at: 10,
  retired_at: null,
};

let wanted: WantedCanary[];
let retired: string[];
let looked: string[];

beforeEach(() => {
  wanted = [];
  retired = [];
  looked = [];
});

function administration(): CanaryAdministration {
  const find = (id: string): Canary => {
    if (id === 'c1') return retired.includes(id) ? { ...canary, retiredAt: 20 } : canary;
    throw new KeywardError('unknown_canary', 'There is no canary of that id.');
  };
  return {
    async create(given) {
      wanted.push(given);
      return { canary, token: given.kind === 'token' ? 'h.c.s' : null };
    },
    find,
    async list({ operatorId }) {
      looked.push(operatorId);
      return [canary];
    },
    async show(id, { operatorId }) {
      looked.push(operatorId);
      return find(id);
    },
    async retire(id) {
      retired.push(id);
      return find(id);
    },
  };
}

async function ask(method: 'get' | 'post', path: string, as: string, body?: object, twoPersons = false) {
  const http = await operationsPlane({ canaries: administration(), twoPersons });
  const { status, body: answer } = await http[method](`/v1/admin/canaries${path}`)
    .set('Authorization', `Bearer ${as}`)
    .send(body);
  return { status, body: answer };
}

describe('decoys', () => {
  it('are told of to auditors alone, by whom it is known that they looked', async () => {
    expect(await ask('get', '', 'audits')).toEqual({ status: 200, body: { canaries: [shown] } });
    expect(await ask('get', '/c1', 'audits')).toEqual({ status: 200, body: { canary: shown } });
    expect(looked).toEqual(['eve', 'eve']);
    for (const as of ['operates', 'approves', 'idles']) {
      for (const path of ['', '/c1']) {
        const { status, body } = await ask('get', path, as);
        expect([as, status, body.code]).toEqual([as, 403, 'role_missing']);
      }
    }
    expect(looked).toHaveLength(2);
  });

  it('are made by one operator, who learns the id, and of a token the text in the mode for one', async () => {
    expect(await ask('post', '', 'operates', CREDENTIAL, true)).toEqual({
      status: 201,
      body: { canary: shown },
    });
    expect((await ask('post', '', 'operates', TOKEN)).body).toEqual({ canary: shown, token: 'h.c.s' });
    await ask('post', '', 'operates', { ...TOKEN, ttl_seconds: 5 });
    await ask('post', '', 'operates', KEY, true);
    const token = {
      kind: 'token',
      planted: 'here',
      scopeId: 'payments',
      clientId: 'checkout',
      claims: { sub: 'a' },
    };
    expect(wanted).toEqual([
      { kind: 'credential', planted: 'here', digest: Buffer.alloc(32) },
      { ...token, ttlSeconds: undefined },
      { ...token, ttlSeconds: 5 },
      { kind: 'key', planted: 'here', scopeId: 'payments' },
    ]);
    expect((await ask('post', '', 'audits', CREDENTIAL)).body.code).toBe('role_missing');
    const proposed = await ask('post', '', 'operates', TOKEN, true);
    expect([proposed.status, proposed.body.proposal.act, wanted.length]).toEqual([202, 'canary.create', 4]);
  });

  it.each([
    [{}, 'invalid_request'],
    [{ kind: 'password', planted: 'here' }, 'invalid_request'],
    [{ ...CREDENTIAL, planted: '' }, 'invalid_request'],
    [{ ...CREDENTIAL, planted: 'x'.repeat(257) }, 'invalid_request'],
    [{ ...CREDENTIAL, planted: 'here\u001b[2J' }, 'invalid_request'],
    [{ ...CREDENTIAL, credential_digest: 'short' }, 'invalid_request'],
    [{ ...CREDENTIAL, credential_digest: null }, 'invalid_request'],
    [{ ...CREDENTIAL, scope: 'payments' }, 'unknown_member'],
    [{ ...TOKEN, claims: [] }, 'invalid_request'],
    [{ ...KEY, claims: {} }, 'unknown_member'],
  ])('are refused as %j', async (body, code) => {
    const answer = await ask('post', '', 'operates', body);
    expect([answer.status, answer.body.code]).toEqual([422, code]);
    expect(wanted).toEqual([]);
  });

  it('are retired by two, the second of whom sees which; by one in the mode for one', async () => {
    const { status, body } = await ask('post', '/c1/retire', 'operates', undefined, true);
    expect([status, retired]).toEqual([202, []]);
    expect(body.proposal).toMatchObject({
      act: 'canary.retire',
      subject: 'canary:c1',
      changes: [
        { member: 'kind', from: 'credential', to: null },
        { member: 'planted', from: 'home of the build user', to: null },
      ],
    });
    expect(await ask('post', '/c1/retire', 'operates')).toEqual({
      status: 200,
      body: { canary: { ...shown, retired_at: 20 } },
    });
    expect(retired).toEqual(['c1']);
    expect((await ask('post', '/c1/retire', 'audits')).status).toBe(403);
    expect((await ask('post', '/c2/retire', 'operates')).body.code).toBe('unknown_canary');
  });
});
