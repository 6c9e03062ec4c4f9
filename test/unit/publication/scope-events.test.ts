import { beforeEach, describe, expect, it } from 'vitest';
import type { EventMessage, ScopeEvents } from '../../../src/kernel/publication.ts';
import type { Revocation } from '../../../src/kernel/revocation.ts';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import { Emitter } from '../../../src/lib/emitter.ts';
import { createScopeEvents } from '../../../src/publication/scope-events.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const payments = aScope({ id: 'payments' });
const mail = aScope({ id: 'mail' });
const active = aSigningKey(payments, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 100 });
const standby = aSigningKey(payments, softwareKey('ES256'), {
  state: 'pre_activation',
  signFrom: null,
  signUntil: NOW + 200,
  createdAt: NOW + 1,
});
const mailKey = aSigningKey(mail, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 100 });

let ring: KeyRingKeeper;
let rules: Revocation[];
let added: Emitter<Revocation>;
let events: ScopeEvents;

beforeEach(() => {
  ring = createKeyRing();
  ring.put({ scopes: [payments], keys: [active, standby] });
  ring.put({ scopes: [mail], keys: [mailKey] });
  rules = [];
  added = new Emitter();
  events = createScopeEvents({
    keyRing: ring,
    clock: { nowSeconds: () => NOW },
    revocations: {
      added,
      concerning: (scopeId) => rules.filter((rule) => rule.scopeId === null || rule.scopeId === scopeId),
    },
  });
});

function rule(changes: Partial<Revocation>): Revocation {
  return {
    sequence: rules.length + 1,
    scopeId: 'payments',
    jti: null,
    root: null,
    clientId: null,
    issuedFrom: null,
    issuedUntil: null,
    createdAt: NOW,
    lapsesAt: null,
    revokedBy: 'ada',
    reason: '',
    ...changes,
  };
}

function revoke(changes: Partial<Revocation>): void {
  const revoked = rule(changes);
  rules.push(revoked);
  added.emit(revoked);
}

function follow(scopeId: string): EventMessage[] {
  const heard: EventMessage[] = [];
  events.open(scopeId, undefined).follow((message) => heard.push(message));
  return heard;
}

const opening = (scopeId: string, lastEventId?: string): EventMessage[] => {
  const { opening: messages } = events.open(scopeId, lastEventId);
  const all: EventMessage[] = [];
  for (let next = messages.next(); !next.done; next = messages.next()) all.push(next.value);
  return all;
};

const KEYS = [
  { kid: standby.kid, state: 'pre_activation' },
  { kid: active.kid, state: 'active' },
];
const PROMOTED = { ...standby, state: 'active', signFrom: NOW } as const;

describe('the opening', () => {
  it('is all that holds now for the scope, and nothing of another (I3)', () => {
    rules.push(
      rule({ jti: 'j' }),
      rule({ scopeId: 'mail', jti: 'm' }),
      rule({ scopeId: null, issuedUntil: NOW }),
    );
    expect(opening('payments')).toEqual([
      {
        id: expect.stringMatching(/^[A-Za-z0-9_-]{11}\.0$/),
        event: {
          type: 'snapshot',
          version: 1,
          keys: KEYS,
          rootClaim: null,
          revocations: [
            {
              sequence: 1,
              jtiHash: 'GJ9AA0vnoZnx-piRZo7jq2BJ-C04xovnD1luqy4YV7c',
              rootHash: null,
              issuedFrom: null,
              issuedUntil: null,
              ask: false,
              lapsesAt: null,
            },
            {
              sequence: 1,
              jtiHash: null,
              rootHash: null,
              issuedFrom: null,
              issuedUntil: NOW,
              ask: false,
              lapsesAt: null,
            },
          ],
          more: false,
          incomplete: false,
        },
      },
    ]);
  });

  it('leaves out what has lapsed, and says of a rule by client that only the service can tell', () => {
    rules.push(rule({ jti: 'old', lapsesAt: NOW }), rule({ clientId: 'checkout', issuedUntil: NOW }));
    const [first] = opening('payments');
    expect(first?.event).toMatchObject({ revocations: [{ ask: true, issuedUntil: NOW, jtiHash: null }] });
  });

  it('comes in pages, of which the last alone may be resumed from', () => {
    rules.push(...Array.from({ length: 501 }, (_, n) => rule({ sequence: n, jti: `j${n}` })));
    const pages = opening('payments');
    expect(pages.map(({ id, event }) => [event.type, id !== null, 'more' in event && event.more])).toEqual([
      ['snapshot', false, true],
      ['revocations', false, true],
      ['revocations', true, false],
    ]);
    expect(pages.map(({ event }) => 'revocations' in event && event.revocations.length)).toEqual([
      250, 250, 1,
    ]);
  });

  it('ends where there are too many, and says so', () => {
    rules.push(...Array.from({ length: 100_001 }, (_, n) => rule({ sequence: n, issuedUntil: n })));
    const last = opening('payments').at(-1);
    expect(last?.event).toMatchObject({ more: false, incomplete: true });
    rules.pop();
    expect(opening('payments').at(-1)?.event).toMatchObject({ more: false, incomplete: false });
  });
});

describe('what happens is told in the turn in which it does', () => {
  it('a new version of the key set', () => {
    const heard = follow('payments');
    putKeys(ring, 'payments', [{ ...active, state: 'deactivated' }, PROMOTED]);
    expect(heard.map(({ event }) => event)).toEqual([
      {
        type: 'key_set',
        version: 2,
        keys: [
          { kid: standby.kid, state: 'active' },
          { kid: active.kid, state: 'deactivated' },
        ],
      },
    ]);
  });

  it.each(['compromised', 'suspended'] as const)(
    'a key that is %s, by name and before the key set',
    (state) => {
      const heard = follow('payments');
      putKeys(ring, 'payments', [{ ...active, state }, PROMOTED]);
      expect(heard.map(({ event }) => event)).toMatchObject([
        { type: state, kid: active.kid, version: 2 },
        { type: 'key_set', version: 2 },
      ]);
    },
  );

  it('a key that fails its proof is in the key set no more, of the same version', () => {
    const heard = follow('payments');
    const failed = { kid: standby.kid, proven: false, found: true, attributes: {}, unproven: ['x'] };
    ring.applyProofs([failed]);
    ring.applyProofs([failed]);
    expect(heard.map(({ event }) => event)).toEqual([
      { type: 'key_set', version: 1, keys: [{ kid: active.kid, state: 'active' }] },
    ]);
  });

  it('a revocation, to the verifiers of its scope or of all', () => {
    const [inPayments, inMail] = [follow('payments'), follow('mail')];
    revoke({ jti: 'j' });
    revoke({ scopeId: null, issuedUntil: NOW });
    expect([inPayments.length, inMail.length]).toEqual([2, 1]);
    expect(inMail[0]?.event).toMatchObject({ type: 'revoked', revocation: { issuedUntil: NOW } });
  });

  it('to nobody of another scope, and to nobody who has stopped', () => {
    const inMail = follow('mail');
    const heard: EventMessage[] = [];
    const stop = events.open('payments', undefined).follow((message) => heard.push(message));
    stop();
    putKeys(ring, 'payments', [PROMOTED]);
    expect([inMail, heard]).toEqual([[], []]);
  });
});

describe('resuming', () => {
  it('tells what was missed of the scope, and nothing else', () => {
    const [first] = opening('payments');
    revoke({ scopeId: 'mail', jti: 'm' });
    revoke({ jti: 'j' });
    putKeys(ring, 'payments', [PROMOTED]);
    const missed = opening('payments', first?.id ?? '');
    expect(missed.map(({ event }) => event.type)).toEqual(['revoked', 'key_set', 'resumed']);
    const nothing = opening('payments', missed.at(-1)?.id ?? '');
    expect(nothing).toEqual([{ id: missed.at(-1)?.id, event: { type: 'resumed', version: 2 } }]);
  });

  it.each([
    ['of another process', 'AAAAAAAAAAA.0'],
    ['that is no id of ours', 'x'],
    ['that is still to come', 'later'],
  ])('from an id %s tells all that holds now', (_, id) => {
    const [life] = (opening('payments')[0]?.id ?? '').split('.');
    const from = id === 'later' ? `${life}.1` : id;
    expect(opening('payments', from).map(({ event }) => event.type)).toEqual(['snapshot']);
  });

  it('from too long ago tells all that holds now', () => {
    const [first] = opening('payments');
    for (let n = 0; n < 256; n++) revoke({ jti: `j${n}` });
    expect(opening('payments', first?.id ?? '')).toHaveLength(256 + 1);
    revoke({ jti: 'one more' });
    expect(opening('payments', first?.id ?? '').map(({ event }) => event.type)).toEqual([
      'snapshot',
      'revocations',
    ]);
  });

  it('keeps a bounded number of events', () => {
    const id = opening('mail')[0]?.id ?? '';
    for (let n = 0; n < 8_192; n++) added.emit(rule({ jti: 'j' }));
    expect(opening('mail', id)).toMatchObject([{ event: { type: 'resumed' } }]);
    added.emit(rule({ jti: 'j' }));
    expect(opening('mail', id).map(({ event }) => event.type)).toEqual(['snapshot']);
  });
});
