import type { z } from 'zod';
import type { DetectionMemories, Fact, KeptMemory } from '../kernel/activity.ts';
import type { EventRaiser, SecurityEventReport } from '../kernel/security-events.ts';

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
  readonly events: EventRaiser;
  readonly memories: DetectionMemories;
}

/** Names that one detection remembers; whoever was quiet the longest is forgotten first. */
const MOST_NAMES = 5_000;

/** Runs the detections over the facts as they come, and tells what they find. */
export class Detector {
  readonly #parts: DetectorParts;
  readonly #memories: ReadonlyMap<string, Map<string, unknown>>;
  readonly #unsaved = new Map<string, KeptMemory>();

  private constructor(parts: DetectorParts) {
    this.#parts = parts;
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

  /** Takes the facts since the last look. */
  look(): void {
    for (const fact of this.#parts.facts.take()) this.#detect(fact);
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
      // A flood of one type and severity would fill the database.
      for (const report of news) this.#parts.events.raise(report, report.severity);
    }
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
