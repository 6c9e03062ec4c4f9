import { beforeEach, describe, expect, it } from 'vitest';
import { createKeyRing, type KeyRingKeeper } from '../../../src/keys/key-ring.ts';
import {
  createVerifierDirectory,
  type SharedVerifiers,
} from '../../../src/publication/verifier-directory.ts';
import { putKeys } from '../../support/changed-keys.ts';
import { aScope, aSigningKey, softwareKey } from '../../support/software-keys.ts';

const NOW = 1_800_000_000;
const payments = aScope({ id: 'payments' });
const key = aSigningKey(payments, softwareKey('ES256'), { signFrom: NOW, signUntil: NOW + 100 });
const A = { scopeId: 'payments', clientId: 'checkout', instance: 'a' };
const B = { ...A, instance: 'b' };
const OTHER = { ...A, scopeId: 'mail' };

let ring: KeyRingKeeper;
let now: number;
let ms: number;
let verifiers: SharedVerifiers;

beforeEach(() => {
  now = NOW;
  ms = 1_000;
  ring = createKeyRing();
  ring.put({ scopes: [payments], keys: [key] });
  ring.put({ scopes: [aScope({ id: 'mail' })], keys: [] });
  verifiers = createVerifierDirectory({
    keyRing: ring,
    clock: { nowSeconds: () => now },
    monotonicMs: () => ms,
  });
});

const changeKeys = () => putKeys(ring, 'payments', [key]);

describe('the directory of verifiers', () => {
  it('says who is connected since when, and which version each holds since when', () => {
    verifiers.holds(B, 1);
    now += 5;
    const disconnect = verifiers.connected(A);
    const again = verifiers.connected(A);
    now += 5;
    verifiers.holds(A, 1);
    const a = {
      ...A,
      connectedSince: NOW + 5,
      version: 1,
      versionSince: NOW + 10,
      lastSeen: NOW + 10,
      lagsForSeconds: null,
    };
    const b = {
      ...B,
      connectedSince: null,
      version: 1,
      versionSince: NOW,
      lastSeen: NOW,
      lagsForSeconds: null,
    };
    expect(verifiers.list()).toEqual([a, b]);
    disconnect();
    disconnect();
    expect(verifiers.list('payments')[0]).toEqual(a);
    now += 5;
    again();
    expect(verifiers.list('payments')).toContainEqual({ ...a, connectedSince: null, lastSeen: NOW + 15 });
    expect(verifiers.list('mail')).toEqual([]);
  });

  it('names who is connected and does not hold what is published, and for how long', () => {
    for (const verifier of [A, B]) {
      verifiers.connected(verifier);
      verifiers.holds(verifier, 1);
    }
    ms += 5_000;
    verifiers.connected(OTHER);
    ms += 1_000;
    changeKeys();
    verifiers.holds(B, 2);
    ms += 2_500;
    const lagging = () =>
      verifiers
        .list()
        .filter(({ lagsForSeconds }) => lagsForSeconds !== null)
        .map(({ scopeId, instance, lagsForSeconds }) => [scopeId, instance, lagsForSeconds]);
    expect(lagging()).toEqual([
      ['payments', 'a', 2.5],
      ['mail', 'a', 3.5],
    ]);
    verifiers.holds(A, 2);
    expect(lagging()).toEqual([['mail', 'a', 3.5]]);
  });

  it('tells how long each took to follow a change', () => {
    for (const verifier of [A, B]) verifiers.connected(verifier);
    verifiers.holds(A, 1);
    changeKeys();
    ms += 40;
    verifiers.holds(A, 2);
    expect(verifiers.obedience('payments', 2)).toEqual([
      { ...B, connected: true, tookMs: null },
      { ...A, connected: true, tookMs: 40 },
    ]);
    changeKeys();
    ms += 60;
    verifiers.holds(B, 3);
    expect(verifiers.obedience('payments', 2)).toMatchObject([{ tookMs: 40 }, { tookMs: 100 }]);
    expect(verifiers.obedience('payments', 3)).toMatchObject([{ tookMs: null }, { tookMs: 60 }]);
  });

  it('does not take back a version', () => {
    changeKeys();
    verifiers.holds(A, 2);
    verifiers.holds(A, 1);
    expect(verifiers.list('payments')).toMatchObject([{ version: 2 }]);
  });

  it('knows of those of other fronts, and tells only its own', () => {
    verifiers.connected(A);
    changeKeys();
    const told = { ...A, connectedSince: null, version: 2, tookMs: 30, lastSeen: NOW + 1 };
    ms += 5_000;
    now += 5;
    expect(verifiers.list('payments')).toMatchObject([{ ...A, version: null, lagsForSeconds: 5 }]);
    verifiers.follow([
      { ...told, tookMs: 40, version: 1 },
      { ...B, connectedSince: NOW - 60, version: 0, tookMs: null, lastSeen: NOW - 60 },
      told,
    ]);
    expect(verifiers.list('payments')).toEqual([
      { ...A, connectedSince: NOW, version: 2, versionSince: NOW, lastSeen: NOW + 1, lagsForSeconds: null },
      {
        ...{ ...B, connectedSince: NOW - 60, version: null, versionSince: null, lastSeen: NOW - 60 },
        lagsForSeconds: 5,
      },
    ]);
    expect(verifiers.obedience('payments', 2)).toEqual([
      { ...A, connected: true, tookMs: 30 },
      { ...B, connected: true, tookMs: null },
    ]);
    expect(verifiers.told()).toEqual([
      { ...A, connectedSince: NOW, version: 0, tookMs: null, lastSeen: NOW + 1 },
    ]);
    verifiers.holds(A, 2);
    expect(verifiers.told()).toMatchObject([{ ...A, version: 2, tookMs: 5_000 }]);
    verifiers.follow([]);
    expect(verifiers.list('payments')).toMatchObject([
      { ...A, connectedSince: NOW, version: 2 },
      { ...B, connectedSince: null, lagsForSeconds: null },
    ]);
  });

  it('takes the time at which it is told where it does not know when that version came', () => {
    verifiers.follow([{ ...A, connectedSince: NOW, version: 9, tookMs: 30, lastSeen: NOW }]);
    expect(verifiers.list()).toMatchObject([{ ...A, version: 9, versionSince: NOW, lagsForSeconds: null }]);
    expect(verifiers.obedience('payments', 1)).toMatchObject([{ tookMs: 0 }]);
  });

  it('is bounded: one client forgets its own, and who is connected is kept', () => {
    verifiers.connected(A);
    verifiers.holds({ ...A, clientId: 'other' }, 1);
    for (let n = 0; n < 600; n++) verifiers.holds({ ...A, instance: `i${n}` }, 1);
    const ofClient = (id: string) => verifiers.list().filter(({ clientId }) => clientId === id);
    expect(ofClient('checkout')).toHaveLength(512);
    expect(ofClient('checkout')[0]).toMatchObject(A);
    expect(ofClient('other')).toHaveLength(1);
    for (let n = 0; n < 17_000; n++) verifiers.holds({ ...A, clientId: `c${n}` }, 1);
    expect(verifiers.list()).toHaveLength(16_384);
    expect(verifiers.list()[0]).toMatchObject({ ...A, connectedSince: NOW });
  });
});
