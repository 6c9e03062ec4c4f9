import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { createReadiness, READINESS_RUNBOOKS } from '../../../src/health/readiness.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { headings } from '../../support/headings.ts';

let now: number;
let asked: string[];
let signing: () => Promise<string>;
let storing: () => Promise<void>;
let looking: () => Promise<void>;
let further: [string, boolean][];
let scopes: { signing: number; lacking: string[]; hsmTokens: Set<string> };

beforeEach(() => {
  now = 1_790_000_000;
  asked = [];
  signing = async () => 'a.b.c';
  storing = async () => {};
  looking = async () => {};
  further = [];
  scopes = { signing: 2, lacking: [], hsmTokens: new Set(['primary', 'issuer-b']) };
});

const readiness = () =>
  createReadiness({
    clock: { nowSeconds: () => now },
    registryKey: {
      kid: 'registry',
      sign: (signingInput) => {
        asked.push(signingInput);
        return signing();
      },
    },
    furtherTokens: () => new Map(further),
    scopes: () => scopes,
    timeGuard: { requireSteadyTime: () => {} },
    probeStore: () => storing(),
    probeLookups: () => looking(),
  });

const WELL = {
  ready: true,
  checks: [
    { name: 'sign', ok: true, detail: 'the HSM signs' },
    { name: 'time', ok: true, detail: 'the clock can be trusted' },
    { name: 'record', ok: true, detail: 'records are durable and read back' },
    { name: 'verify', ok: true, detail: 'records can be looked up' },
  ],
};

describe('readiness', () => {
  it('signs what says nothing to anybody', async () => {
    expect(await readiness().check()).toStrictEqual(WELL);
    const [header, claims] = (asked[0] ?? '').split('.').map((part) => JSON.parse(atob(part)));
    expect(header).toStrictEqual({ alg: 'ES256', typ: 'kw-probe+jwt', kid: 'registry' });
    expect(claims).toStrictEqual({ iat: now });
  });

  it('looks again after 5 seconds, not before, and at once when the clock went back', async () => {
    const { check } = readiness();
    for (const step of [0, 4, 1, 0, -10]) {
      now += step;
      await check();
    }
    expect(asked).toHaveLength(3);
  });

  it('says what is away in the caller’s words, and nothing internal', async () => {
    signing = async () => {
      throw new KeywardError('hsm_unavailable', 'the HSM is away; try again', {
        cause: new Error('CKR 0x30'),
      });
    };
    storing = async () => {
      throw new Error('/var/lib/keyward.db: no such file');
    };
    looking = async () => {
      throw new KeywardError('store_unavailable', 'The database is damaged.', { cause: new Error('page 7') });
    };
    expect(await readiness().check()).toStrictEqual({
      ready: false,
      checks: [
        {
          name: 'sign',
          ok: false,
          detail: 'the HSM is away; try again',
          code: 'hsm_unavailable',
          runbook: 'docs/runbooks/hsm-outage.md',
        },
        { name: 'time', ok: true, detail: 'the clock can be trusted' },
        {
          name: 'record',
          ok: false,
          detail: 'failed; see the log',
          code: 'internal',
          runbook: 'docs/runbooks/service.md#the-database-fails-databasefailing',
        },
        {
          name: 'verify',
          ok: false,
          detail: 'The database is damaged.',
          code: 'store_unavailable',
          runbook: 'docs/runbooks/service.md#the-database-fails-databasefailing',
        },
      ],
    });
  });

  it('an outage of the HSM leaves what relying services ask for ready, and one of the look-ups leaves nothing', async () => {
    signing = async () => {
      throw new KeywardError('hsm_unavailable', 'the HSM is away; try again');
    };
    const outage = readiness();
    expect((await outage.check()).ready).toBe(false);
    expect((await outage.check('sign')).ready).toBe(false);
    expect(await outage.check('verify')).toStrictEqual({
      ready: true,
      checks: [{ name: 'verify', ok: true, detail: 'records can be looked up' }],
    });
    signing = async () => 'a.b.c';
    looking = async () => {
      throw new KeywardError('store_unavailable', 'The database is damaged.');
    };
    const damaged = readiness();
    expect((await damaged.check('sign')).ready).toBe(false);
    expect((await damaged.check('verify')).ready).toBe(false);
  });

  it('a latched PIN is told from an outage, and each runbook exists', async () => {
    signing = async () => {
      throw new KeywardError('pin_latched', 'the security team has to look at its PIN');
    };
    expect((await readiness().check('sign')).checks[0]).toMatchObject({
      code: 'pin_latched',
      runbook: 'docs/runbooks/people-and-pins.md#the-pin-is-latched-pin_latched',
    });
    for (const runbook of READINESS_RUNBOOKS) {
      const [file, anchor] = runbook.split('#');
      const page = readFileSync(new URL(`../../../docs/runbooks/${file}`, import.meta.url), 'utf8');
      expect([undefined, ...headings(page)]).toContain(anchor);
    }
  });

  it.each<[string, number, string[], object]>([
    [
      'one lacks its key',
      2,
      ['mail'],
      { ok: true, detail: 'the HSM signs; the keys of the scopes mail are missing or not proven' },
    ],
    [
      'each lacks its key',
      2,
      ['mail', 'payments'],
      { ok: false, detail: 'the HSM lacks the key of every scope: mail, payments' },
    ],
    ['there is none yet', 0, [], { ok: true, detail: 'the HSM signs' }],
    [
      'many lack their keys',
      10,
      Array.from({ length: 10 }, (_, at) => `s${at}`),
      {
        ok: false,
        detail: 'the HSM lacks the key of every scope: s0, s1, s2, s3, s4, s5, s6, s7 and others',
      },
    ],
  ])('is ready while one scope can sign: %s', async (_, signing, lacking, expected) => {
    scopes = { ...scopes, signing, lacking };
    const { ready, checks } = await readiness().check();
    expect(checks[0]).toMatchObject({ name: 'sign', ...expected });
    expect(checks[0]?.code).toBe(checks[0]?.ok ? undefined : 'key_unproven');
    expect(ready).toBe(checks[0]?.ok);
  });

  it.each<[string, boolean, [string, boolean][], object]>([
    ['a further one away', true, [['b', false]], { ok: true, detail: 'the HSM signs, but for its tokens b' }],
    [
      'the first one away',
      false,
      [['b', true]],
      { ok: true, detail: 'the HSM signs, but for its tokens primary' },
    ],
    ['all of them away', false, [['b', false]], { ok: false, detail: 'the HSM is away; try again' }],
    ['none of them away', true, [['b', true]], { ok: true, detail: 'the HSM signs' }],
  ])('is ready while one HSM token signs: %s', async (_, first, others, expected) => {
    further = others;
    if (!first) {
      signing = async () => {
        throw new KeywardError('hsm_unavailable', 'the HSM is away; try again');
      };
    }
    expect((await readiness().check()).checks[0]).toMatchObject({ name: 'sign', ...expected });
  });
});
