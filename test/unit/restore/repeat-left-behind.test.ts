import { describe, expect, it } from 'vitest';
import { KEYWARD } from '../../../src/kernel/actor.ts';
import { type AuditEvent, actOf } from '../../../src/kernel/audit.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { createLeftBehindRepeater } from '../../../src/restore/repeat-left-behind.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const LOST = 'before a promotion of the database lost it';
const FILE = '/var/lib/keyward/ledger-archive.owed';
const act = (type: string, subject: string, why = 'seen') => actOf(KEYWARD, type, subject, { why });
const COMPROMISE = act('key.compromised', 'key:k1');
const AWAY = new KeywardError('store_unavailable', 'no server');
const GONE = new KeywardError('unknown_key', 'no such key');

/** A repeater over lines of the file, and keys that answer so. */
function repeaterOver(...lines: AuditEvent[]) {
  const state = {
    lines,
    /** Lines that nobody vouches for. */
    named: [] as string[],
    hasRefusedKeys: false,
    fails: {} as Record<string, KeywardError | undefined>,
    readFails: undefined as KeywardError | undefined,
    settleFails: undefined as KeywardError | undefined,
    reads: 0,
    settles: 0,
    ms: 0,
  };
  const asked: string[] = [];
  const settled: AuditEvent[] = [];
  const answer = async (what: string, of: string) => {
    asked.push(what);
    const failure = state.fails[of];
    if (failure) throw failure;
  };
  const { log, lines: logged } = recordedLog();
  const leftBehind = {
    file: FILE,
    get count() {
      return state.lines.length + state.named.length;
    },
    get hasSettled() {
      return state.settleFails !== undefined && settled.length > 0;
    },
    async read() {
      state.reads += 1;
      if (state.readFails) throw state.readFails;
      const unvouched = { count: state.named.length, named: state.named.slice(0, 2) };
      return { events: state.lines, unvouched, hasRefusedKeys: state.hasRefusedKeys };
    },
    async settle(events: readonly AuditEvent[]) {
      state.settles += 1;
      settled.push(...events);
      state.lines = state.lines.filter((event) => !events.includes(event));
      if (state.settleFails) throw state.settleFails;
    },
  };
  const deps = {
    store: { leftBehind },
    monotonicMs: () => state.ms,
    keys: {
      perform: ({ act: what, kid, why }: Record<string, string>) =>
        answer(`${what} ${kid}: ${why}`, `${kid}`),
      compromiseToken: ({ hsmToken, why }: Record<string, string>) =>
        answer(`${hsmToken}: ${why}`, `${hsmToken}`),
    },
    clients: {},
    operators: {},
    log,
  } as unknown as Parameters<typeof createLeftBehindRepeater>[0];
  const repeater = createLeftBehindRepeater(deps);
  return {
    state,
    asked,
    settled,
    logged,
    atStart: () => repeater.atStart(),
    tick: async () => await repeater.tasks?.[0]?.tick(),
    levels: () => logged.map(({ level, subject }) => [level, subject]),
  };
}

describe('what a former process left behind', () => {
  it('is ordered anew where it is a compromise or a suspension, and left to people otherwise', async () => {
    const events = [
      COMPROMISE,
      act('key.suspended', 'key:k2'),
      act('hsm.compromised', 'hsm:primary'),
      act('key.rotated', 'scope:payments'),
      act('client.credential_replaced', 'client:c1'),
      act('constructor', 'key:k3'),
    ];
    const { atStart, asked, settled, levels } = repeaterOver(...events);
    expect(await atStart()).toBe(3);
    expect(asked).toEqual([
      `compromise k1: ${LOST}: seen`,
      `suspend k2: ${LOST}: seen`,
      `primary: ${LOST}: seen`,
    ]);
    expect(settled).toEqual(events);
    expect(levels()).toEqual([
      [40, 'key:k1'],
      [40, 'key:k2'],
      [40, 'hsm:primary'],
      [50, 'scope:payments'],
      [50, 'client:c1'],
      [50, 'key:k3'],
    ]);
  });

  it('is ordered where another fails, which stays, and the start is refused by name of the file', async () => {
    const other = act('key.compromised', 'key:k2');
    const { atStart, state, asked, settled } = repeaterOver(COMPROMISE, other);
    state.fails.k1 = AWAY;
    await expect(atStart()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining(FILE),
    });
    expect([asked.length, settled, state.lines]).toEqual([2, [other], [COMPROMISE]]);
  });

  it('stays, and refuses the start, where what others committed cannot be read', async () => {
    const { atStart, state, asked, settled } = repeaterOver(COMPROMISE);
    state.readFails = new KeywardError('registry_refused', 'a row is not as it was signed.');
    await expect(atStart()).rejects.toMatchObject({
      code: 'registry_refused',
      message: expect.stringMatching(/\.owed .*a row is not as it was signed\. .*runbooks\/postgresql\.md#/),
    });
    expect([asked, settled]).toEqual([[], []]);
    state.readFails = undefined;
    expect(await atStart()).toBe(1);
  });

  it('holds up no start once it is in force, though its line cannot be taken away yet', async () => {
    const { atStart, tick, state, logged } = repeaterOver(COMPROMISE);
    state.settleFails = AWAY;
    expect(await atStart()).toBe(1);
    expect(logged.at(-1)).toMatchObject({ level: 50, file: FILE });
    await expect(tick()).rejects.toBe(AWAY);
    state.settleFails = undefined;
    await tick();
    expect(state.reads).toBe(1);
  });

  it('is asked for nothing where there is nothing', async () => {
    const { atStart, tick, state } = repeaterOver();
    expect(await atStart()).toBe(0);
    await tick();
    expect([state.reads, state.settles]).toEqual([0, 0]);
  });

  it('goes without a word where it is a signature, which is made again by itself', async () => {
    const { atStart, settled, logged } = repeaterOver(act('registry.signed', 'registry'));
    expect(await atStart()).toBe(0);
    expect([settled.length, logged]).toEqual([1, []]);
  });

  it('gives no reason twice', async () => {
    const { atStart, asked } = repeaterOver(act('key.compromised', 'key:k1', `${LOST}: seen`));
    await atStart();
    expect(asked).toEqual([`compromise k1: ${LOST}: seen`]);
  });

  it('is left to people where a key is beyond it already', async () => {
    const suspension = act('key.suspended', 'key:k1');
    const { atStart, state, settled, levels } = repeaterOver(suspension);
    state.fails.k1 = new KeywardError('transition_forbidden', 'it is destroyed');
    expect(await atStart()).toBe(0);
    expect([settled, levels()]).toEqual([[suspension], [[50, 'key:k1']]]);
  });
});

describe('what cannot be ordered yet', () => {
  it('is kept where its key is not there, told once, and tried again after a while', async () => {
    const { atStart, tick, state, asked, settled, logged } = repeaterOver(COMPROMISE);
    state.fails.k1 = GONE;
    expect(await atStart()).toBe(0);
    await tick();
    expect([asked.length, settled]).toEqual([1, []]);
    state.ms += 10_000;
    await tick();
    expect([asked.length, settled]).toEqual([2, []]);
    expect(logged).toMatchObject([{ level: 50, subject: 'key:k1', file: FILE }]);
    state.fails.k1 = undefined;
    state.ms += 10_000;
    await tick();
    expect([asked.length, settled]).toEqual([3, [COMPROMISE]]);
  });

  it('is a compromise of an HSM token while rows of keys are refused, which it does not reach', async () => {
    const token = act('hsm.compromised', 'hsm:primary');
    const { atStart, state, asked, settled } = repeaterOver(token, COMPROMISE);
    state.hasRefusedKeys = true;
    expect(await atStart()).toBe(1);
    expect([asked.length, settled]).toEqual([2, [COMPROMISE]]);
    state.hasRefusedKeys = false;
    expect(await atStart()).toBe(1);
    expect(settled).toEqual([COMPROMISE, token]);
  });

  it('is named once a start where nobody vouches for it, with the file and what to do', async () => {
    const { atStart, tick, state, asked, logged } = repeaterOver();
    state.named = ['key.compromised key:k1', 'key.suspended key:k2', 'key.compromised key:k3'];
    expect(await atStart()).toBe(0);
    for (let n = 0; n < 3; n += 1) {
      await tick();
      state.ms += 10_000;
    }
    expect(asked).toEqual([]);
    expect(logged).toMatchObject([
      {
        level: 50,
        file: FILE,
        lines: ['key.compromised key:k1', 'key.suspended key:k2'],
        more: 1,
        runbook: expect.stringMatching(/^docs\/runbooks\/postgresql\.md#/),
      },
    ]);
    expect(state.reads).toBe(3);
  });

  it('holds up nothing that is lost meanwhile: that is ordered at the next tick', async () => {
    const { atStart, tick, state, asked } = repeaterOver();
    state.named = ['key.compromised key:k9'];
    await atStart();
    await tick();
    expect(asked).toEqual([]);
    state.lines = [COMPROMISE];
    await tick();
    expect(asked).toEqual([`compromise k1: ${LOST}: seen`]);
  });

  it('fails a tick, and is tried again at the next', async () => {
    const { tick, state, settled } = repeaterOver(COMPROMISE);
    state.fails.k1 = AWAY;
    await expect(tick()).rejects.toBe(AWAY);
    state.fails.k1 = undefined;
    await tick();
    expect(settled).toEqual([COMPROMISE]);
  });
});
