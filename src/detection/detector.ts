import type { z } from 'zod';
import type { Fact } from '../kernel/activity.ts';
import type { EventRaiser, SecurityEventReport } from '../kernel/security-events.ts';

/** What a detection makes of one fact. */
interface Detected<M> {
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

const NOTHING = { memory: undefined, news: [] } as const;

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

interface DetectorDeps {
  readonly detections: readonly Detection[];
  readonly facts: { take(): readonly Fact[] };
  readonly events: EventRaiser;
  readonly memories: DetectionMemories;
}

/** Names that one detection remembers; whoever was quiet the longest is forgotten first. */
const MOST_NAMES = 5_000;

/** Runs the detections over the facts as they come, and tells what they find. */
export class Detector {
  readonly #deps: DetectorDeps;
  readonly #memories: ReadonlyMap<string, Map<string, unknown>>;
  readonly #unsaved = new Map<string, KeptMemory>();

  private constructor(deps: DetectorDeps) {
    this.#deps = deps;
    this.#memories = new Map(deps.detections.map(({ name }) => [name, new Map()]));
  }

  /** With what was remembered before the process started; what cannot be read is forgotten. `store_unavailable`. */
  static async open(deps: DetectorDeps): Promise<Detector> {
    const detector = new Detector(deps);
    const kept = await deps.memories.load(MOST_NAMES * deps.detections.length);
    for (const { detection, name, memory } of kept.toReversed()) {
      const schema = deps.detections.find((each) => each.name === detection)?.memory;
      const read = schema?.safeParse(memory);
      if (read?.success) detector.#memories.get(detection)?.set(name, read.data);
    }
    return detector;
  }

  /** Takes the facts since the last look. */
  tick(): void {
    for (const fact of this.#deps.facts.take()) this.#detect(fact);
  }

  /** Writes down what was learned since the last time. `store_unavailable`: then it is kept for the next. */
  async save(): Promise<void> {
    const changed = [...this.#unsaved.values()];
    await this.#deps.memories.keep(changed);
    for (const kept of changed) {
      const key = keyOf(kept);
      if (this.#unsaved.get(key) === kept) this.#unsaved.delete(key);
    }
  }

  #detect(fact: Fact): void {
    for (const detection of this.#deps.detections) {
      const name = detection.concerns(fact);
      if (name === undefined) continue;
      const memories = this.#memories.get(detection.name);
      const before = memories?.get(name);
      const { memory, news } = detection.detect(before, fact);
      if (memory !== before) this.#remember(detection.name, name, memory);
      else if (memory !== undefined) this.#touch(detection.name, name, memory);
      // A flood of one type and severity would fill the database.
      for (const report of news) this.#deps.events.raise(report, report.severity);
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

/** What a detection remembers of one name, such as a client. */
export interface KeptMemory {
  readonly detection: string;
  readonly name: string;
  /** JSON; undefined once it is forgotten. */
  readonly memory: unknown;
}

/** Keeps memories over a restart. They decide nothing about tokens. `store_unavailable`. */
export interface DetectionMemories {
  /** As they were kept, the ones kept last first, at most so many. */
  load(limit: number): Promise<readonly KeptMemory[]>;
  keep(changed: readonly KeptMemory[]): Promise<void>;
}
