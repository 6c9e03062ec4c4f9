import type { z } from 'zod';
import type { DetectionMemories, Fact, KeptMemory } from '../kernel/activity.ts';
import type { Clock } from '../kernel/clock.ts';
import type { SecurityEventReport, SecurityEvents } from '../kernel/security-events.ts';
import { MinuteBudget } from '../lib/minute-budget.ts';
import { RecentSet } from '../lib/recent-set.ts';

/** What a detection makes of one fact. */
export interface Detected<M> {
  /** What it remembers from now on of whom the fact concerns; undefined to forget it. */
  readonly memory: M | undefined;
  readonly news: readonly SecurityEventReport[];
}

/**
 * A small pure function over the stream of facts: the same memory and fact give the same answer. It remembers each
 * name by itself, so that what is kept is bounded and only what changed is written down.
 */
export interface Detection<M = unknown> {
  readonly name: string;
  /** Whose memory the fact concerns; undefined where it says nothing to this detection. */
  concerns(fact: Fact): string | undefined;
  detect(memory: M | undefined, fact: Fact): Detected<M>;
  /** How a memory is read back after a restart; absent where nothing is remembered. JSON. */
  readonly memory?: z.ZodType<M>;
}

export const NOTHING = { memory: undefined, news: [] } as const;

/** For detections that tell all from one fact, and remember nothing. */
export function stateless(
  name: string,
  tell: (fact: Fact) => SecurityEventReport | undefined,
): Detection<never> {
  return {
    name,
    concerns: () => '',
    detect(_memory, fact) {
      const news = tell(fact);
      return news ? { memory: undefined, news: [news] } : NOTHING;
    },
  };
}

export interface DetectorParts {
  readonly detections: readonly Detection[];
  readonly facts: { take(): readonly Fact[] };
  readonly events: SecurityEvents;
  readonly memories: DetectionMemories;
  readonly clock: Clock;
}

/** Names that one detection remembers; whoever was quiet the longest is forgotten first. */
const MOST_NAMES = 5_000;
/** News of one look; the others are told at the next. */
const MOST_AT_ONCE = 100;
/** Of one type and severity within a minute; beyond that a flood would fill the database. Shown again, a token is told again. */
const EVENTS_A_TYPE_AND_MINUTE = 60;
/** What was told lately is not told again, and takes no part of that. */
const REMEMBERED = 10_000;
/** News that may wait while events cannot be stored; what is beyond is lost, since facts go on. */
const MOST_WAITING = 1_000;

/** Runs the detections over the facts as they come, and tells what they find. */
export class Detector {
  readonly #parts: DetectorParts;
  readonly #memories: ReadonlyMap<string, Map<string, unknown>>;
  readonly #unsaved = new Map<string, KeptMemory>();
  readonly #budget: MinuteBudget;
  readonly #told = new RecentSet(REMEMBERED);
  #waiting: SecurityEventReport[] = [];

  private constructor(parts: DetectorParts) {
    this.#parts = parts;
    this.#budget = new MinuteBudget(EVENTS_A_TYPE_AND_MINUTE, parts.clock);
    this.#memories = new Map(parts.detections.map(({ name }) => [name, new Map()]));
  }

  /** With what was remembered before the process started; what cannot be read is forgotten. `store_unavailable`. */
  static async open(parts: DetectorParts): Promise<Detector> {
    const detector = new Detector(parts);
    const kept = await parts.memories.load(MOST_NAMES * parts.detections.length);
    for (const { detection, name, memory } of kept.toReversed()) {
      const schema = parts.detections.find((each) => each.name === detection)?.memory;
      const read = schema?.safeParse(memory);
      if (read?.success) detector.#memories.get(detection)?.set(name, read.data);
    }
    return detector;
  }

  /** Takes the facts since the last look. Rejects where an event could not be stored; it is told at the next. */
  async look(): Promise<void> {
    for (const fact of this.#parts.facts.take()) this.#detect(fact);
    for (const news of this.#waiting.slice(0, MOST_AT_ONCE)) {
      await this.#parts.events.raise(news);
      this.#waiting.shift();
    }
  }

  /** Writes down what was learned since the last time. `store_unavailable`: then it is kept for the next. */
  async save(): Promise<void> {
    const changed = [...this.#unsaved.values()];
    await this.#parts.memories.keep(changed);
    for (const kept of changed) {
      const key = keyOf(kept);
      if (this.#unsaved.get(key) === kept) this.#unsaved.delete(key);
    }
  }

  #detect(fact: Fact): void {
    for (const detection of this.#parts.detections) {
      const name = detection.concerns(fact);
      if (name === undefined) continue;
      const memories = this.#memories.get(detection.name);
      const before = memories?.get(name);
      const { memory, news } = detection.detect(before, fact);
      if (memory !== before) this.#remember(detection.name, name, memory);
      else if (memory !== undefined) this.#touch(detection.name, name, memory);
      for (const report of news) this.#queue(report);
    }
  }

  #queue(report: SecurityEventReport): void {
    const name = `${report.type} ${report.dedupKey}`;
    if (this.#told.has(name) || this.#waiting.length >= MOST_WAITING) return;
    if (!this.#budget.take(`${report.type} ${report.severity}`)) return;
    this.#told.add(name);
    this.#waiting.push(report);
  }

  /** Whoever was heard last comes last. */
  #touch(detection: string, name: string, memory: unknown): void {
    const memories = this.#memories.get(detection);
    memories?.delete(name);
    memories?.set(name, memory);
  }

  #remember(detection: string, name: string, memory: unknown): void {
    const memories = this.#memories.get(detection);
    if (!memories) return;
    memories.delete(name);
    if (memory !== undefined) memories.set(name, memory);
    this.#note({ detection, name, memory });
    if (memories.size <= MOST_NAMES) return;
    const [oldest] = memories.keys();
    if (oldest === undefined) return;
    memories.delete(oldest);
    this.#note({ detection, name: oldest, memory: undefined });
  }

  #note(kept: KeptMemory): void {
    this.#unsaved.set(keyOf(kept), kept);
  }
}

function keyOf({ detection, name }: KeptMemory): string {
  return `${detection} ${name}`;
}
