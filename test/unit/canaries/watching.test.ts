import { describe, expect, it } from 'vitest';
import type { Canary } from '../../../src/canaries/canary.ts';
import { CanaryIndex } from '../../../src/canaries/canary-index.ts';
import { watchRevocation, watchSightings, watchVerifier } from '../../../src/canaries/tokens.ts';
import { watchCallers, watchLeaks, watchSigner } from '../../../src/canaries/triggers.ts';
import type { RefusedRequest, RejectedSecret, RequestObserver } from '../../../src/kernel/activity.ts';
import { type LeakQuery, type LeakService, makeCredential } from '../../../src/kernel/credential.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { TokenRevocation } from '../../../src/kernel/revocation.ts';
import type { Sightings, TokenVerifier, Verdict } from '../../../src/kernel/verification.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { digestOf } from '../../../src/token/signing-input.ts';
import { canarySample, heardTriggers } from '../../support/canary-samples.ts';
import { unchanging } from '../../support/followed.ts';
import { softwareKey } from '../../support/software-keys.ts';

const { kid, publicJwk } = softwareKey('ES256');
const { text: TEXT, digest } = makeCredential('svc');
const credential = canarySample({ id: 'credential', digest });
const token = canarySample({ id: 'token', kind: 'token', scopeId: 'payments', digest: digestOf('eyJh.c') });
const key = canarySample({
  id: 'key',
  kind: 'key',
  scopeId: 'payments',
  digest: null,
  key: { hsmToken: 'primary', hsmId: 'ab', made: { kid, publicJwk } },
});
const retired = canarySample({ id: 'retired', kind: 'token', digest: digestOf('eyJold.c'), retiredAt: 11 });
const BY = { clientId: 'web', remote: '192.0.2.1', requestId: 'r1' };
const WHO = { caller: 'client:web', remote: '192.0.2.1', requestId: 'r1' };

const index = () => new CanaryIndex(unchanging([credential, token, key, retired]));
const never = (error: unknown): never => {
  throw error;
};

describe('what opened nothing', () => {
  function watched() {
    const { alarm, heard } = heardTriggers();
    const passed: unknown[] = [];
    const next: RequestObserver = {
      authenticated: (...who) => passed.push(who),
      refused: (refused) => passed.push(refused),
      rejectedSecret: (what) => passed.push(what),
    };
    return { watch: watchCallers(next, index(), alarm), heard, passed };
  }
  const shown = (text: string): RejectedSecret => ({ text, use: 'authentication', ...WHO });
  const encoded = (text: string) => text.replaceAll(/[._]/g, (one) => `%${one === '_' ? '5F' : '2e'}`);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  it('goes on to whoever else is told, as all the rest', () => {
    const { watch, heard, passed } = watched();
    const refused: RefusedRequest = {
      plane: 'data',
      method: 'POST',
      route: '/v1/scopes/{scope}/tokens',
      code: 'credential_invalid',
      caller: undefined,
      remote: '192.0.2.1',
      requestId: 'r1',
    };
    watch.refused(refused);
    watch.authenticated('client:web', '192.0.2.1');
    watch.rejectedSecret(shown('Bearer nothing'));
    expect(passed).toEqual([refused, ['client:web', '192.0.2.1'], shown('Bearer nothing')]);
    expect(heard).toEqual([]);
  });

  it.each([
    ['a credential', `Bearer ${TEXT}`, ['credential']],
    ['a credential as user', basic(`${TEXT}:x`), ['credential']],
    ['a credential as password', basic(`x:${TEXT}`), ['credential']],
    ['a credential as a password that is form-urlencoded', basic(`x:${encoded(TEXT)}`), ['credential']],
    ['a token within a form that encodes all of it', `token=${encoded('eyJh.c.s')}`, ['token']],
    ['a credential with something appended', `Bearer ${TEXT}x`, ['credential']],
    ['a credential under another scheme, or none', `Token ${TEXT}, ${TEXT}`, ['credential']],
    ['a token', 'Bearer eyJh.c.s', ['token']],
    ['a token with something appended', 'Bearer eyJh.c.s.x', ['token']],
    ['a token within a body', '{"token":"eyJh.c.s"}', ['token']],
    ['both', `${TEXT} eyJh.c.s eyJh.c.s`, ['credential', 'token']],
    ['one that is retired', 'Bearer eyJold.c.s', []],
    ['another', `Bearer ${makeCredential('svc').text}`, []],
    ['another token', 'Bearer eyJh.d.s', []],
    ['none', basic('kw_svc_:eyJ'), []],
  ])('is told where it is a decoy: %s', (_, text, expected) => {
    const { watch, heard } = watched();
    watch.rejectedSecret(shown(text));
    expect(heard).toEqual(expected.map((id) => [id, { use: 'authentication', ...WHO }]));
  });
});

describe('a token that is verified', () => {
  const valid: Verdict = { valid: true, claims: {}, kid, keyState: 'active' };

  function watched(answer: () => Promise<Verdict>) {
    const { alarm, heard } = heardTriggers();
    const looked: unknown[] = [];
    const steps: string[] = [];
    const next: TokenVerifier = {
      verify() {
        steps.push('verify');
        return answer();
      },
    };
    const canaryKeys = { check: async (...given: unknown[]) => void looked.push(given.slice(0, 3)) };
    const watching = watchVerifier(next, { index: index(), alarm, canaryKeys, onFailure: never });
    return { verify: watching.verify, heard, looked, steps };
  }

  it.each([
    ['verify', 'eyJh.c.signature', BY, [['token', { use: 'verify', ...WHO }]]],
    ['verify, with something appended', 'eyJh.c.signature.x', BY, [['token', { use: 'verify', ...WHO }]]],
    ['verify, of a credential', TEXT, BY, [['credential', { use: 'verify', ...WHO }]]],
    ['verify, with another signature', 'eyJh.c.another', BY, [['token', { use: 'verify', ...WHO }]]],
    [
      'introspect',
      'eyJh.c.s',
      { ...BY, through: 'introspect' as const },
      [['token', { use: 'introspect', ...WHO }]],
    ],
    [
      'report, by anybody',
      'eyJh.c.s',
      { clientId: null, remote: undefined, requestId: 'req-1', through: 'report' as const },
      [['token', { use: 'report', caller: null, remote: undefined, requestId: 'req-1' }]],
    ],
    [
      'verify, by nobody in particular',
      'eyJh.c.s',
      undefined,
      [['token', { use: 'verify', caller: null, remote: undefined, requestId: null }]],
    ],
    ['nothing, with other content', 'eyJh.d.signature', BY, []],
    ['nothing, once it is retired', 'eyJold.c.signature', BY, []],
    ['nothing, of what is no token', 'nonsense', BY, []],
    ['nothing, of what is no text', 7, BY, []],
  ] as const)('is told as %s', async (_, presented, by, expected) => {
    const { verify, heard } = watched(async () => valid);
    expect(await verify('payments', presented, by)).toBe(valid);
    expect(heard).toEqual(expected);
  });

  it('takes the same steps to the same answer, a decoy or not', async () => {
    const answers = new Map<string, Promise<Verdict>>();
    for (const presented of ['eyJh.c.signature', 'eyJh.d.signature']) {
      const answer = Promise.resolve(valid);
      const { verify, steps } = watched(() => answer);
      const given = verify('payments', presented, BY);
      // The very promise of the verifier: nothing is awaited in between.
      expect(given).toBe(answer);
      expect(steps).toEqual(['verify']);
      answers.set(presented, given);
    }
    expect(await Promise.all(answers.values())).toEqual([valid, valid]);
  });

  it('is told with the ledger away too, and the failure is the caller’s', async () => {
    const { verify, heard, looked } = watched(async () => {
      throw new KeywardError('ledger_unavailable', 'away');
    });
    await expect(verify('payments', 'eyJh.c.s', BY)).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(heard).toHaveLength(1);
    expect(looked).toEqual([['eyJh.c.s', undefined, 'verify']]);
  });

  it('is looked at for decoy keys once there is a verdict', async () => {
    const { verify, looked } = watched(async () => valid);
    await verify('payments', 'eyJh.c.s', BY);
    expect(looked).toEqual([['eyJh.c.s', valid, 'verify']]);
  });
});

describe('a token that was seen', () => {
  it('is told where it is a decoy, and what is unknown stays so', async () => {
    const { alarm, heard } = heardTriggers();
    const unknown = [digestOf('x')];
    const next: Sightings = { unknown: async () => unknown };
    const seen = [token.digest ?? Buffer.alloc(0), digestOf('x'), digestOf('eyJold.c')];
    const sightings = seen.map((digest) => ({ digest, iat: 1_800_000_000 }));
    const watch = watchSightings(next, { index: index(), alarm, onFailure: never });
    expect(await watch.unknown('payments', sightings, BY)).toBe(unknown);
    expect(heard).toEqual([['token', { use: 'sighting', ...WHO }]]);
  });
});

describe('a token that is to be revoked', () => {
  const actor = { operatorId: 'client:web', requestId: 'r1' };

  it('is told where it is a decoy, with the very answer of whoever revokes', async () => {
    const { alarm, heard } = heardTriggers();
    const answer = Promise.resolve();
    const asked: unknown[] = [];
    const next: TokenRevocation = {
      revoke(...given) {
        asked.push(given);
        return answer;
      },
    };
    const watch = watchRevocation(next, { index: index(), alarm, onFailure: never });
    const given = ['eyJh.c.s', 'eyJh.d.s'].map((text) => watch.revoke('payments', text, actor, BY.remote));
    expect(given).toEqual([answer, answer]);
    await Promise.all(given);
    expect(asked).toEqual([
      ['payments', 'eyJh.c.s', actor, BY.remote],
      ['payments', 'eyJh.d.s', actor, BY.remote],
    ]);
    expect(heard).toEqual([['token', { use: 'revoke', ...WHO }]]);
  });

  it('is told with the database away too, and the failure is the caller’s', async () => {
    const { alarm, heard } = heardTriggers();
    const next: TokenRevocation = {
      revoke: async () => {
        throw new KeywardError('store_unavailable', 'away');
      },
    };
    const watch = watchRevocation(next, { index: index(), alarm, onFailure: never });
    await expect(watch.revoke('payments', 'eyJh.c.s', actor)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(heard).toHaveLength(1);
  });
});

describe('a string that leaked', () => {
  it('is told where a partner found a decoy or an operator looks it up, and where it is none nobody is', async () => {
    const { alarm, heard } = heardTriggers();
    const given: unknown[] = [];
    const next: LeakService = {
      async find(sought, by) {
        given.push([sought, by]);
        return [];
      },
      lookUp: async () => [],
      report: async () => {},
      reportPins: async () => {},
      withdraw: async () => {},
    };
    const watch = watchLeaks(next, { index: index(), alarm });
    const sought: readonly LeakQuery[] = [
      { of: 'credential', digest: digestOf('nobody’s') },
      { of: 'token', digest: digestOf('eyJh.c'), iat: 1 },
    ];
    const { remote, requestId } = BY;
    const by = { reportedBy: 'partner:host', remote, requestId, places: ['a', 'https://b.example/c'] };
    await watch.find(sought, by);
    await watch.find(sought);
    expect(given).toEqual([
      [sought, by],
      [sought, undefined],
    ]);
    const touch = { use: 'leak', caller: 'partner:host', remote, requestId };
    const found = ['token', { ...touch, details: ['found at https://b.example/c'] }];
    expect(heard).toEqual([found]);
    await watch.find(sought, { ...by, reportedBy: null, places: ['report A', 'report B'] });
    expect(heard).toEqual([
      found,
      ['token', { ...touch, use: 'report', caller: null, details: ['found at report B'] }],
    ]);
    heard.length = 0;
    const caller = 'operator:ada';
    const actor = { operatorId: 'ada', requestId };
    await watch.lookUp(sought.slice(0, 1), { ...by, reportedBy: caller }, actor);
    expect(heard).toEqual([]);
    await watch.lookUp(sought, { ...by, reportedBy: caller, places: ['', ''] }, actor);
    const details = ['found at a place that was not told'];
    expect(heard).toEqual([['token', { ...touch, caller, details }]]);
  });
});

describe('a request to sign', () => {
  it('is told where it is by a decoy key, and goes on to the signer all the same', async () => {
    const { alarm, heard } = heardTriggers();
    const asked: string[] = [];
    const next = {
      async sign(request: { kid: string }) {
        asked.push(request.kid);
        return Buffer.alloc(0);
      },
    };
    const watch = watchSigner(next, { index: index(), alarm });
    for (const each of [kid, 'another']) await watch.sign({ kid: each, signingInput: 'eyJh.c' });
    expect(asked).toEqual([kid, 'another']);
    expect(heard).toEqual([['key', { use: 'sign', caller: null, remote: undefined, requestId: null }]]);
  });
});

describe('the book of decoys', () => {
  it('forgets what is retired, and knows it by its id', () => {
    const changed = new Emitter<readonly Canary[]>();
    const all = new CanaryIndex({
      follow(view) {
        view([credential, token, key, retired]);
        return changed.subscribe(view);
      },
    });
    changed.emit([{ ...key, retiredAt: 12 }]);
    changed.emit([{ ...token, retiredAt: 12 }]);
    expect([all.ofKid(kid), all.keys(), all.ofDigest(digestOf('eyJh.c'))]).toEqual([
      undefined,
      [],
      undefined,
    ]);
    expect(all.get('key')?.retiredAt).toBe(12);
    expect(all.all().map(({ id }) => id)).toEqual(['credential', 'token', 'key', 'retired']);
  });
});
