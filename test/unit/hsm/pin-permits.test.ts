import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_ATTEMPTS, type PinPermit } from '../../../src/hsm/pin-permit.ts';
import { type PinPermitStore, TokenPermits } from '../../../src/hsm/pin-permits.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { PinState, PinTerms } from '../../../src/kernel/signer.ts';

const TOKEN = { label: 'keyward', serial: '1' };
const NEVER = new Promise<void>(() => {});
const AWAY = new KeywardError('store_unavailable', 'the database is away');

/** One row, and who is there. */
class Row {
  permit: PinPermit = NO_ATTEMPTS;
  auditEnd = 1;
  isAway = false;
  /** The next change is kept, and its answer is lost. */
  losesAnswer = false;
  readonly there = new Set<string>();

  storeOf(front: string): PinPermitStore {
    this.there.add(front);
    return {
      front,
      read: async () => this.permit,
      change: async (_, judge) => {
        if (this.isAway) throw AWAY;
        const { permit } = this;
        const found = { permit, isHeld: this.there.has(permit.front), auditEnd: this.auditEnd };
        const judged = judge(found);
        this.permit = judged.permit;
        if (this.losesAnswer) {
          this.losesAnswer = false;
          throw AWAY;
        }
        return judged.answer;
      },
      clear: async () => {
        this.permit = NO_ATTEMPTS;
      },
    };
  }
}

const FRESH: PinState = { state: 'clear', attempts: 0, isAccepted: false, permit: null };
const ACCEPTED: PinState = { ...FRESH, isAccepted: true };

/** What the signer's latch says after an attempt on these terms. */
const leaving = (pin: PinState, { permit }: PinTerms, state: PinState['state']): PinState => ({
  ...pin,
  state,
  attempts: state === 'attempting' ? pin.attempts + 1 : 0,
  isAccepted: state === 'clear' || pin.isAccepted,
  permit,
});

function hosts() {
  const row = new Row();
  const host = (front: string) => new TokenPermits(row.storeOf(front), TOKEN, { lookEveryMs: 1 });
  return { row, host, one: host('one'), two: host('two') };
}

const refused = (permits: TokenPermits, pin: PinState) =>
  permits.take(pin, NEVER).then(
    () => undefined,
    ({ code, message }: KeywardError) => `${code}: ${message}`,
  );

describe('a rejected PIN', () => {
  it('keeps each host from trying whose PIN file was never accepted', async () => {
    const { one, two } = hosts();
    const attempt = await one.take(FRESH, NEVER);
    attempt.ended(leaving(FRESH, attempt.terms, 'rejected'));
    expect(await refused(two, FRESH)).toMatch(
      /^pin_latched: the HSM rejected the PIN of .*; no PIN is tried that was not accepted before\./,
    );
    const careful = await two.take(ACCEPTED, NEVER);
    expect(careful.terms.onlyAccepted).toBe(true);
    careful.accepted();
    expect(await refused(two, FRESH)).toMatch(/^pin_latched/);
  });

  it('that was accepted before keeps all of them', async () => {
    const { one, two } = hosts();
    const attempt = await one.take(ACCEPTED, NEVER);
    attempt.ended(leaving(ACCEPTED, attempt.terms, 'rejected'));
    expect(await refused(two, ACCEPTED)).toMatch(/which it had accepted before; no PIN is tried on any host/);
  });

  it('is told by the process that follows, where the front ended over it', async () => {
    const { row, host, one, two } = hosts();
    const { terms } = await one.take(FRESH, NEVER);
    row.there.delete('one');
    expect(await refused(two, FRESH)).toMatch(
      /^pin_latched: the answer to the PIN attempt of .* is not known/,
    );
    const again = host('one again');
    await again.take(leaving(FRESH, terms, 'rejected'), NEVER);
    expect(row.permit.rejection).toMatchObject({ wasAccepted: false });
    expect(await refused(two, FRESH)).toMatch(/^pin_latched: the HSM rejected/);
  });

  it('is over once it was cleared, for each host that it kept from trying', async () => {
    const { one, two } = hosts();
    const attempt = await one.take(FRESH, NEVER);
    attempt.ended(leaving(FRESH, attempt.terms, 'rejected'));
    await refused(two, FRESH);
    expect(await two.isOpenAgain()).toBe(false);
    await two.clear({ type: 't', actor: 'a', subject: 's', requestId: null, details: {} }, false);
    expect(await two.isOpenAgain()).toBe(true);
    expect((await two.take(FRESH, NEVER)).terms.onlyAccepted).toBe(false);
  });
});

describe('an attempt whose answer nobody knows', () => {
  it('allows one more of a PIN file that was accepted, whose success ends it', async () => {
    const { row, one, two } = hosts();
    await one.take(FRESH, NEVER);
    row.there.delete('one');
    const attempt = await two.take(ACCEPTED, NEVER);
    expect(attempt.terms.onlyAccepted).toBe(true);
    attempt.accepted();
    expect((await two.take(FRESH, NEVER)).terms.onlyAccepted).toBe(false);
  });

  it('is the last one of any host, if it was the second', async () => {
    const { row, host, one, two } = hosts();
    await one.take(ACCEPTED, NEVER);
    row.there.delete('one');
    await two.take(ACCEPTED, NEVER);
    row.there.delete('two');
    expect(await refused(host('three'), ACCEPTED)).toMatch(/^pin_latched: .* no PIN is tried on any host/);
  });

  it('is known on the host that made it', async () => {
    const { row, host, one } = hosts();
    const { terms } = await one.take(FRESH, NEVER);
    row.there.delete('one');
    await host('one again').take(leaving(FRESH, terms, 'clear'), NEVER);
    expect(row.permit).toMatchObject({ attempts: 1, front: 'one again', rejection: null });
  });
});

describe('an attempt', () => {
  it('that did not reach the token counts for nothing', async () => {
    const { row, one, two } = hosts();
    const attempt = await one.take(FRESH, NEVER);
    attempt.ended(FRESH);
    expect((await two.take(FRESH, NEVER)).terms.onlyAccepted).toBe(false);
    expect(row.permit.attempts).toBe(1);
  });

  it('waits for that of another host', async () => {
    const { one, two } = hosts();
    const attempt = await one.take(FRESH, NEVER);
    const waiting = refused(two, FRESH);
    attempt.accepted();
    expect(await waiting).toBeUndefined();
  });

  it('is not waited for once its own process has ended', async () => {
    const { one, two } = hosts();
    await one.take(FRESH, NEVER);
    await expect(two.take(FRESH, Promise.resolve())).rejects.toMatchObject({ code: 'hsm_unavailable' });
  });

  it('of a process that died over it is told by the next one of that front', async () => {
    const { row, one } = hosts();
    const { terms } = await one.take(FRESH, NEVER);
    expect(await refused(one, leaving(FRESH, terms, 'attempting'))).toMatch(/^pin_latched: the answer/);
    expect(row.permit).toMatchObject({ attempts: 1, front: '' });
  });

  it('is not made where the database does not answer, and its end is told once it does', async () => {
    const { row, one, two } = hosts();
    const attempt = await one.take(FRESH, NEVER);
    row.isAway = true;
    attempt.ended(leaving(FRESH, attempt.terms, 'rejected'));
    expect(await refused(two, FRESH)).toMatch(/^hsm_unavailable: no PIN is tried before the database says/);
    row.isAway = false;
    await one.tell();
    expect(await refused(two, FRESH)).toMatch(/^pin_latched/);
  });
});

describe('an attempt whose permission was lost on the way', () => {
  it('keeps no other host waiting, and counts for nothing', async () => {
    const { row, one, two } = hosts();
    row.losesAnswer = true;
    expect(await refused(one, FRESH)).toMatch(/^hsm_unavailable: no PIN is tried before the database says/);
    expect((await two.take(FRESH, NEVER)).terms.onlyAccepted).toBe(false);
    expect(row.permit).toMatchObject({ front: 'two', attempts: 1 });
  });

  it('keeps them waiting until the database answers, and no longer', async () => {
    const { row, one, two } = hosts();
    row.losesAnswer = true;
    const refusal = refused(one, FRESH);
    row.isAway = true;
    expect(await refusal).toMatch(/^hsm_unavailable/);
    expect(row.permit).toMatchObject({ front: 'one', attempts: 1 });
    row.isAway = false;
    await one.tell();
    expect((await two.take(FRESH, NEVER)).terms.onlyAccepted).toBe(false);
  });

  it('is not told of where another host is at one', async () => {
    const { row, one, two } = hosts();
    await two.take(FRESH, NEVER);
    row.isAway = true;
    await refused(one, FRESH);
    row.isAway = false;
    await one.tell();
    expect(row.permit).toMatchObject({ front: 'two', attempts: 1 });
  });
});

/** A host, with what its signer's own latch says. */
interface Host {
  readonly permits: TokenPermits;
  readonly isRight: boolean;
  latch: PinState;
}

/** As the signer decides over its own latch. */
function mayTry({ latch: { state, attempts, isAccepted } }: Host, { onlyAccepted }: PinTerms): boolean {
  if (state === 'rejected' || (onlyAccepted && !isAccepted)) return false;
  return state === 'clear' || (attempts < 2 && isAccepted);
}

type Tried = 'right' | 'wrong' | undefined;

/** What reached the token. `unheard`: the answer of the database is lost, and the front lives on. */
async function start(row: Row, host: Host, dies: Start[1]): Promise<Tried> {
  row.losesAnswer = dies === 'unheard';
  const attempt = await host.permits.take(host.latch, NEVER).catch(() => undefined);
  if (!attempt || dies === 'before') return undefined;
  const { terms } = attempt;
  const tries = mayTry(host, terms);
  const answered = host.isRight ? 'clear' : 'rejected';
  if (tries) host.latch = leaving(host.latch, terms, dies ? 'attempting' : answered);
  if (!dies && tries && host.isRight) attempt.accepted();
  else if (!dies) attempt.ended(host.latch);
  if (tries) return host.isRight ? 'right' : 'wrong';
  return undefined;
}

const DEATHS = ['before', 'after', 'unheard', undefined] as const;
type Start = readonly [at: number, dies: (typeof DEATHS)[number]];
type Given = Pick<Host & PinState, 'isRight' | 'isAccepted'>;
const starts = fc.array(fc.tuple(fc.nat(3), fc.constantFrom(...DEATHS)), { maxLength: 20 });
const rights = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });

async function tries(given: readonly Given[], started: readonly Start[]): Promise<readonly Tried[]> {
  const row = new Row();
  const all = given.map(({ isRight, isAccepted }, at): Host => {
    const permits = new TokenPermits(row.storeOf(String(at)), TOKEN, { lookEveryMs: 1 });
    return { permits, isRight, latch: { ...FRESH, isAccepted } };
  });
  const tried: Tried[] = [];
  for (const [at, dies] of started) {
    const host = all[at];
    if (!host) continue;
    tried.push(await start(row, host, dies));
    // It is started again by whoever supervises it.
    if (dies) tried.push(await start(row, host, undefined));
  }
  return tried;
}

const wrongIn = (tried: readonly Tried[]) => tried.filter((each) => each === 'wrong').length;

/** As an HSM counts, which forgets once a PIN is accepted. */
function mostInARow(tried: readonly Tried[]): number {
  let [most, row] = [0, 0];
  for (const each of tried) {
    if (each === 'right') row = 0;
    if (each === 'wrong') row += 1;
    most = Math.max(most, row);
  }
  return most;
}

describe('I9: over all hosts', () => {
  it('one wrong PIN is tried where files are wrong, and never two in a row whatever dies', async () => {
    const given = rights.map((all) =>
      all.map((isRight, at) => ({ isRight, isAccepted: isRight && at % 2 === 0 })),
    );
    await fc.assert(
      fc.asyncProperty(given, starts, async (hosts, started) => {
        expect(mostInARow(await tries(hosts, started))).toBeLessThanOrEqual(1);
        const alive = started.map(([at]) => [at, undefined] as const);
        expect(wrongIn(await tries(hosts, alive))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('one is where the PIN of the token was changed, and two at most whatever dies', async () => {
    const hosts = Array.from({ length: 4 }, () => ({ isRight: false, isAccepted: true }));
    await fc.assert(
      fc.asyncProperty(starts, async (started) => {
        expect(wrongIn(await tries(hosts, started))).toBeLessThanOrEqual(2);
        const alive = started.map(([at]) => [at, undefined] as const);
        expect(wrongIn(await tries(hosts, alive))).toBeLessThanOrEqual(1);
      }),
    );
  });
});
