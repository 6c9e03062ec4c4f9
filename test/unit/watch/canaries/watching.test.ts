import { describe, expect, it } from 'vitest';
import type { CallerWatch } from '../../../../src/domain/caller-watch.ts';
import { KeywardError } from '../../../../src/domain/errors.ts';
import type { LeakDesk, Sought } from '../../../../src/domain/leaks.ts';
import type { RefusedRequest } from '../../../../src/domain/refused-request.ts';
import type { Sightings } from '../../../../src/domain/sightings.ts';
import type { TokenVerifier, Verdict } from '../../../../src/domain/verification.ts';
import { digestOf } from '../../../../src/token/signing-input.ts';
import { CanaryBook } from '../../../../src/watch/canaries/canary-book.ts';
import { watchCallers } from '../../../../src/watch/canaries/watch-callers.ts';
import { watchLeaks } from '../../../../src/watch/canaries/watch-leaks.ts';
import { watchSigner } from '../../../../src/watch/canaries/watch-signer.ts';
import { watchSightings, watchVerifier } from '../../../../src/watch/canaries/watch-tokens.ts';
import { canarySample, heardTouches } from '../../../support/canary-samples.ts';
import { softwareKey } from '../../../support/software-keys.ts';

const { kid, publicJwk } = softwareKey('ES256');
const credential = canarySample({ id: 'credential' });
const token = canarySample({ id: 'token', kind: 'token', scopeId: 'payments', digest: digestOf('h.c') });
const key = canarySample({
  id: 'key',
  kind: 'key',
  scopeId: 'payments',
  digest: null,
  key: { hsmToken: 'primary', hsmId: 'ab', made: { kid, publicJwk } },
});
const retired = canarySample({ id: 'retired', kind: 'token', digest: digestOf('old.c'), retiredAt: 11 });
const BY = { clientId: 'web', remote: '192.0.2.1', requestId: 'r1' };
const WHO = { caller: 'client:web', remote: '192.0.2.1', requestId: 'r1' };

const book = () => new CanaryBook([credential, token, key, retired]);
const never = (error: unknown): never => {
  throw error;
};

describe('what is authenticated with', () => {
  const request = (shown: Buffer | undefined): RefusedRequest => ({
    plane: 'data',
    method: 'POST',
    route: '/v1/scopes/{scope}/tokens',
    code: 'credential_invalid',
    caller: undefined,
    remote: '192.0.2.1',
    requestId: 'r1',
    credential: shown,
  });

  it('is looked up where it is not valid, and told where it is a decoy', () => {
    const { alarm, heard } = heardTouches();
    const passed: unknown[] = [];
    const next: CallerWatch = {
      authenticated: (...who) => passed.push(who),
      refused: (refused) => passed.push(refused),
    };
    const watch = watchCallers(next, book(), alarm);
    const shown = [credential.digest ?? undefined, digestOf('nobody’s'), undefined].map(request);
    for (const each of shown) watch.refused(each);
    watch.authenticated('client:web', '192.0.2.1');
    expect(passed).toEqual([...shown, ['client:web', '192.0.2.1']]);
    expect(heard).toEqual([
      ['credential', { use: 'authentication', caller: null, remote: '192.0.2.1', requestId: 'r1' }],
    ]);
  });
});

describe('a token that is verified', () => {
  const valid: Verdict = { valid: true, claims: {}, kid, keyState: 'active' };

  function watched(answer: () => Promise<Verdict>) {
    const { alarm, heard } = heardTouches();
    const looked: unknown[] = [];
    const steps: string[] = [];
    const next: TokenVerifier = {
      verify() {
        steps.push('verify');
        return answer();
      },
    };
    const decoyKeys = { look: async (...given: unknown[]) => void looked.push(given.slice(0, 3)) };
    const watching = watchVerifier(next, { book: book(), alarm, decoyKeys, onFailure: never });
    return { verify: watching.verify, heard, looked, steps };
  }

  it.each([
    ['verify', 'h.c.signature', BY, [['token', { use: 'verify', ...WHO }]]],
    ['verify, with another signature', 'h.c.another', BY, [['token', { use: 'verify', ...WHO }]]],
    [
      'introspect',
      'h.c.s',
      { ...BY, through: 'introspect' as const },
      [['token', { use: 'introspect', ...WHO }]],
    ],
    [
      'report, by anybody',
      'h.c.s',
      { clientId: null, remote: undefined, requestId: 'req-1', through: 'report' as const },
      [['token', { use: 'report', caller: null, remote: undefined, requestId: 'req-1' }]],
    ],
    [
      'verify, by nobody in particular',
      'h.c.s',
      undefined,
      [['token', { use: 'verify', caller: null, remote: undefined, requestId: null }]],
    ],
    ['nothing, with other content', 'h.d.signature', BY, []],
    ['nothing, once it is retired', 'old.c.signature', BY, []],
    ['nothing, of what is no token', 'nonsense', BY, []],
    ['nothing, of what is no text', 7, BY, []],
  ] as const)('is told as %s', async (_, presented, by, expected) => {
    const { verify, heard } = watched(async () => valid);
    expect(await verify('payments', presented, by)).toBe(valid);
    expect(heard).toEqual(expected);
  });

  it('takes the same steps to the same answer, a decoy or not', async () => {
    const answers = new Map<string, Promise<Verdict>>();
    for (const presented of ['h.c.signature', 'h.d.signature']) {
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
    await expect(verify('payments', 'h.c.s', BY)).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(heard).toHaveLength(1);
    expect(looked).toEqual([['h.c.s', undefined, 'verify']]);
  });

  it('is looked at for decoy keys once there is a verdict', async () => {
    const { verify, looked } = watched(async () => valid);
    await verify('payments', 'h.c.s', BY);
    expect(looked).toEqual([['h.c.s', valid, 'verify']]);
  });
});

describe('a token that was seen', () => {
  it('is told where it is a decoy, and what is unknown stays so', async () => {
    const { alarm, heard } = heardTouches();
    const unknown = [digestOf('x')];
    const next: Sightings = { unknown: async () => unknown };
    const seen = [token.digest ?? Buffer.alloc(0), digestOf('x'), digestOf('old.c')];
    const sightings = seen.map((digest) => ({ digest, seenAt: undefined, iat: undefined }));
    const watch = watchSightings(next, { book: book(), alarm, onFailure: never });
    expect(await watch.unknown('payments', sightings, BY)).toBe(unknown);
    expect(heard).toEqual([['token', { use: 'sighting', ...WHO }]]);
  });
});

describe('a string that leaked', () => {
  it('is told where a partner found a decoy, and where our own scan did not', async () => {
    const { alarm, heard } = heardTouches();
    const given: unknown[] = [];
    const next: LeakDesk = {
      async find(sought, by) {
        given.push([sought, by]);
        return [];
      },
      tell: async () => {},
      withdraw: async () => {},
    };
    const watch = watchLeaks(next, { book: book(), alarm });
    const sought: readonly Sought[] = [
      { of: 'credential', digest: digestOf('nobody’s') },
      { of: 'token', digest: digestOf('h.c'), iat: 1 },
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
    expect(heard).toEqual([['token', { ...touch, details: ['found at https://b.example/c'] }]]);
  });
});

describe('a request to sign', () => {
  it('is told where it is by a decoy key, and goes on to the signer all the same', async () => {
    const { alarm, heard } = heardTouches();
    const asked: string[] = [];
    const next = {
      async sign(request: { kid: string }) {
        asked.push(request.kid);
        return Buffer.alloc(0);
      },
    };
    const watch = watchSigner(next, { book: book(), alarm });
    for (const each of [kid, 'another']) await watch.sign({ kid: each, signingInput: 'h.c' });
    expect(asked).toEqual([kid, 'another']);
    expect(heard).toEqual([['key', { use: 'sign', caller: null, remote: undefined, requestId: null }]]);
  });
});

describe('the book of decoys', () => {
  it('forgets what is retired, and knows it by its id', () => {
    const all = book();
    all.put({ ...key, retiredAt: 12 });
    all.put({ ...token, retiredAt: 12 });
    expect([all.ofKid(kid), all.keys(), all.ofDigest(digestOf('h.c'))]).toEqual([undefined, [], undefined]);
    expect(all.get('key')?.retiredAt).toBe(12);
    expect(all.all().map(({ id }) => id)).toEqual(['credential', 'token', 'key', 'retired']);
  });
});
