import { expect, it } from 'vitest';
import { KeywardError } from '../../../src/kernel/errors.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import type { UnsentProbe, VerifierProbe } from '../../../src/probes/probe.ts';
import { ProbeRounds } from '../../../src/probes/rounds.ts';
import type { Reply } from '../../../src/probes/send.ts';
import { switchedLeadership } from '../../support/leadership.ts';

const NOW = 1_800_000_000;
const PLACE = { clientId: 'checkout', scopeId: 'payments' };
const PROBE: VerifierProbe = { ...PLACE, url: 'https://checkout.example/probe', setAt: NOW };

/** A verifier that does what it must. */
const strict = (token: string): Reply => ({ status: token === 'fresh' ? 200 : 401 });

function probing(answer: (token: string) => Reply | Promise<Reply> = strict) {
  const world = {
    now: NOW,
    probes: [PROBE] as VerifierProbe[],
    mayVerify: true,
    answer,
    sent: [] as string[],
    raised: [] as SecurityEventReport[],
    issuing: undefined as KeywardError | undefined,
    made: 0,
    unsent: [] as UnsentProbe[],
    end: new AbortController(),
  };
  const { state: leading, leadership } = switchedLeadership(true);
  const rounds = new ProbeRounds({
    probes: () => world.probes,
    mayVerify: () => world.mayVerify,
    async makeTokens() {
      if (world.issuing) throw world.issuing;
      world.made += 1;
      const tokens = ['fresh', 'altered_signature', 'without_kid', 'other_scope'] as const;
      return { tokens: tokens.map((name) => [name, name] as const), expiredAt: world.now + 100 };
    },
    unsent: () => world.unsent,
    async send(url, token) {
      world.sent.push(`${token} ${new URL(url).hostname}`);
      return world.answer(token);
    },
    events: {
      raise(report) {
        world.raised.push(report);
      },
    },
    clock: { nowSeconds: () => world.now },
    leadership,
    everySeconds: 3_600,
    concurrency: 2,
    unansweredRounds: 3,
    ended: world.end.signal,
  });
  return {
    world,
    leading,
    rounds,
    told: () => world.raised.map(({ type, evidence }) => [type, evidence.probe]),
  };
}

it('sends all tokens in a round, the expired one once it has, and tells nothing of who does what it must', async () => {
  const { world, rounds } = probing();
  await rounds.tick();
  const round = ['fresh', 'altered_signature', 'without_kid', 'other_scope'].map(
    (name) => `${name} checkout.example`,
  );
  expect(world.sent).toEqual(round);
  world.now += 99;
  await rounds.tick();
  expect(world.sent).toHaveLength(4);
  // The token is the one that was fresh, so now a verifier refuses it.
  world.answer = () => ({ status: 401 });
  world.now += 1;
  await rounds.tick();
  expect(world.sent.slice(4)).toEqual(['fresh checkout.example']);
  expect(world.raised).toEqual([]);
  const [standing] = rounds.standings();
  expect(standing?.answers.map(({ probe, verdict }) => [probe, verdict])).toEqual([
    ['fresh', 'right'],
    ['altered_signature', 'right'],
    ['without_kid', 'right'],
    ['other_scope', 'right'],
    ['expired', 'right'],
  ]);
  expect([standing?.expiredDueAt, standing?.nextAt]).toEqual([null, NOW + 3_600]);
});

it('tells beside the answers what rounds leave out', async () => {
  const { world, rounds } = probing();
  expect(rounds.standings()[0]?.notSent).toEqual([]);
  world.unsent = [{ probe: 'other_scope', why: 'no drill scope' }];
  const { answers, notSent } = await rounds.run(PLACE);
  expect([answers.length, notSent]).toEqual([4, world.unsent]);
});

it('looks again an hour later', async () => {
  const { world, rounds } = probing();
  await rounds.tick();
  world.now += 3_599;
  await rounds.tick();
  expect(world.made).toBe(1);
  world.now += 1;
  await rounds.tick();
  expect(world.made).toBe(2);
});

it.each(['altered_signature', 'without_kid', 'other_scope'])(
  'tells of one that accepts %s',
  async (lenience) => {
    const { world, rounds } = probing((token) => (token === lenience ? { status: 204 } : strict(token)));
    await rounds.tick();
    expect(world.raised).toEqual([
      {
        type: 'verifier.lenient',
        severity: 'critical',
        dedupKey: JSON.stringify(['checkout', 'payments', lenience, '2027-01-15']),
        subject: 'client:checkout',
        evidence: {
          client: 'checkout',
          scope: 'payments',
          probe: lenience,
          status: 204,
          at: NOW,
          day: '2027-01-15',
        },
      },
    ]);
  },
);

it('tells of one that accepts what has expired, or refuses what is fresh', async () => {
  const expired = probing();
  await expired.rounds.tick();
  expired.world.now += 100;
  await expired.rounds.tick();
  expect(expired.told()).toEqual([['verifier.lenient', 'expired']]);
  const shut = probing(() => ({ status: 403 }));
  await shut.rounds.tick();
  expect(shut.told()).toEqual([['verifier.lenient', 'fresh']]);
  expect(shut.world.raised[0]?.severity).toBe('warning');
});

it('warns after three rounds in a row without a clear answer, and is quiet after two', async () => {
  const { world, rounds } = probing(() => ({ status: 503 }));
  const round = async () => {
    await rounds.tick();
    world.now += 3_600;
  };
  await round();
  await round();
  world.answer = strict;
  await round();
  world.answer = () => ({ failure: 'it did not answer within 5000 ms' });
  await round();
  await round();
  expect(world.raised.filter(({ type }) => type === 'verifier.unprobed')).toEqual([]);
  await round();
  expect(world.raised.filter(({ type }) => type === 'verifier.unprobed')).toEqual([
    {
      type: 'verifier.unprobed',
      severity: 'warning',
      dedupKey: JSON.stringify(['checkout', 'payments', 'fresh', NOW + 3 * 3_600]),
      subject: 'client:checkout',
      evidence: {
        client: 'checkout',
        scope: 'payments',
        probe: 'fresh',
        since: NOW + 3 * 3_600,
        count: 3,
        why: 'it did not answer within 5000 ms',
      },
    },
  ]);
});

it('sends no further tokens to who does not answer the fresh one', async () => {
  const { world, rounds } = probing(() => ({ status: 302 }));
  await rounds.tick();
  expect(world.sent).toEqual(['fresh checkout.example']);
  world.now += 100;
  await rounds.tick();
  expect(world.sent).toHaveLength(1);
});

it('takes it for unprobed where no token could be issued', async () => {
  const { world, rounds } = probing();
  world.issuing = new KeywardError('hsm_unavailable', 'away');
  await rounds.tick();
  expect([world.sent, world.raised]).toEqual([[], []]);
  expect(rounds.standings()[0]?.answers).toEqual([
    {
      probe: 'fresh',
      verdict: 'unclear',
      status: null,
      why: 'no token could be issued for it (hsm_unavailable)',
      at: NOW,
    },
  ]);
});

it('begins no round while another process leads, and goes on with its own when it leads again', async () => {
  const { world, leading, rounds } = probing();
  leading.isLeading = false;
  await rounds.tick();
  expect([world.made, rounds.standings()[0]?.nextAt]).toEqual([0, null]);
  leading.isLeading = true;
  await rounds.tick();
  leading.isLeading = false;
  world.now += 3_599;
  await rounds.tick();
  leading.isLeading = true;
  await rounds.tick();
  expect(world.made).toBe(1);
  world.now += 1;
  await rounds.tick();
  expect(world.made).toBe(2);
});

it('sends the expired token of a round that was its own, also where another process leads', async () => {
  const { world, leading, rounds } = probing();
  leading.isLeading = false;
  expect((await rounds.run(PLACE)).expiredDueAt).toBe(NOW + 100);
  world.now += 100;
  await rounds.tick();
  await rounds.tick();
  expect(world.sent.slice(4)).toEqual(['fresh checkout.example']);
  expect(world.made).toBe(1);
});

it('leaves alone who may not verify, and sends a former URL nothing more', async () => {
  const { world, rounds } = probing();
  world.mayVerify = false;
  await rounds.tick();
  expect([world.sent, rounds.standings()[0]?.nextAt]).toEqual([[], null]);
  await expect(rounds.run(PLACE)).rejects.toMatchObject({ code: 'invalid_probe' });
  world.mayVerify = true;
  await rounds.tick();
  expect(world.sent).toHaveLength(4);
  world.probes = [{ ...PROBE, url: 'https://new.example/probe' }];
  world.now += 100;
  await rounds.tick();
  expect(world.sent.slice(4).every((sent) => sent.endsWith(' new.example'))).toBe(true);
  expect(world.sent).toHaveLength(8);
});

it('runs a round on demand, and joins the one that is under way', async () => {
  const { world, rounds } = probing();
  const [one, two] = await Promise.all([rounds.run(PLACE), rounds.run(PLACE)]);
  expect(world.made).toBe(1);
  expect(one).toEqual(two);
  expect(one.answers).toHaveLength(4);
  await expect(rounds.run({ ...PLACE, scopeId: 'mail' })).rejects.toMatchObject({ code: 'unknown_probe' });
});

it('asks as many at the same time as it may', async () => {
  let [running, most] = [0, 0];
  const { world, rounds } = probing(async (token) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
    return strict(token);
  });
  world.probes = ['a', 'b', 'c', 'd', 'e'].map((clientId) => ({ ...PROBE, clientId }));
  await rounds.tick();
  expect([world.sent.length, most]).toEqual([20, 2]);
});

it('drops what is under way when the service ends, and tells nothing of it', async () => {
  const { world, rounds } = probing(() => {
    world.end.abort();
    return { status: 403 };
  });
  world.probes = ['a', 'b', 'c'].map((clientId) => ({ ...PROBE, clientId }));
  await rounds.tick();
  expect(world.raised).toEqual([]);
  expect(world.sent.length).toBeLessThanOrEqual(2);
});
