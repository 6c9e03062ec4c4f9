import { beforeAll, describe, expect, it } from 'vitest';
import { Detector } from '../../../src/detection/detector.ts';
import { DETECTIONS } from '../../../src/detection/rules.ts';
import type { Fact } from '../../../src/kernel/activity.ts';
import type { SecurityEventReport } from '../../../src/kernel/security-events.ts';
import { MemoryDetections } from '../../support/memory-detections.ts';
import { ATTACKS } from '../../support/simulated-attacks.ts';
import { DAY, MONDAY, ordinaryTraffic, WEEK } from '../../support/simulated-week.ts';

interface Told {
  readonly at: number;
  readonly report: SecurityEventReport;
}

/** The detector over facts in simulated time; each event once, as the store has it. */
async function openSimulation(memories = new MemoryDetections()) {
  let due: readonly Fact[] = [];
  let now = MONDAY;
  const told: Told[] = [];
  const keys = new Set<string>();
  const detector = await Detector.open({
    detections: DETECTIONS,
    facts: { take: () => due },
    events: {
      raise(report) {
        const key = `${report.type} ${report.dedupKey}`;
        if (keys.has(key)) return;
        keys.add(key);
        told.push({ at: now, report });
      },
    },
    memories,
  });
  const pass = (facts: readonly Fact[], at: number) => {
    [due, now] = [facts, at];
    detector.tick();
  };
  return { told, pass, memories, save: () => detector.save() };
}

const above = (told: readonly Told[]) =>
  told.filter(({ report }) => report.severity !== 'info').map(({ at, report }) => [at - MONDAY, report]);

/** What was learned in three ordinary weeks. */
const learned = new MemoryDetections();

describe.each([1, 2, 3])('three weeks of ordinary traffic, seed %i', (seed) => {
  it('raise no event above informational, from the first minute on', async () => {
    const simulation = await openSimulation(seed === 1 ? learned : new MemoryDetections());
    const newcomerAt = 2 * DAY + 9 * 3_600;
    let at = MONDAY;
    for (const facts of ordinaryTraffic({ seed, seconds: 3 * WEEK, newcomerAt })) {
      simulation.pass(facts, at);
      at += 60;
    }
    expect(above(simulation.told)).toEqual([]);
    expect(simulation.told.map(({ report }) => report.type)).toContain('client.new_source');
    await simulation.save();
  });
});

describe('the fourth week, after a restart,', () => {
  let minutes: (readonly Fact[])[];
  const newcomerAt = 2 * DAY + 9 * 3_600;

  beforeAll(() => {
    minutes = [...ordinaryTraffic({ seed: 1, seconds: 4 * WEEK, newcomerAt })].slice(-WEEK / 60);
  });

  it('is as quiet as the others', async () => {
    const simulation = await openSimulation(learned.copy());
    for (const [minute, facts] of minutes.entries()) simulation.pass(facts, startOf(minute));
    expect(above(simulation.told)).toEqual([]);
  });

  it.each(ATTACKS)(
    'with $name in it, raises $event within a minute, and nothing else',
    async ({ event, facts }) => {
      const simulation = await openSimulation(learned.copy());
      const attackedAt = 2 * 1_440 + 3 * 60 + 17;
      for (const [minute, ordinary] of minutes.entries()) {
        const at = startOf(minute);
        simulation.pass(ordinary, at);
        const attacked = minute >= attackedAt && minute < attackedAt + 10;
        if (attacked) simulation.pass(facts(at), at);
      }
      const found = above(simulation.told);
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found.map(([, report]) => (report as SecurityEventReport).type))).toEqual(
        new Set([event]),
      );
      const [first] = found;
      expect((first?.[0] as number) - (startOf(attackedAt) - MONDAY)).toBeLessThanOrEqual(60);
    },
  );
});

const startOf = (minute: number) => MONDAY + 3 * WEEK + minute * 60;
