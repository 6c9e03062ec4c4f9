import type { DetectionMemories, KeptMemory } from '../../src/detection/detector.ts';

/** What detections remember, as JSON in memory. */
export class MemoryDetections implements DetectionMemories {
  readonly #kept: Map<string, string>;

  constructor(kept: ReadonlyMap<string, string> = new Map()) {
    this.#kept = new Map(kept);
  }

  async load(limit: number): Promise<readonly KeptMemory[]> {
    return [...this.#kept.values()].map((json) => JSON.parse(json) as KeptMemory).slice(0, limit);
  }

  async keep(changed: readonly KeptMemory[]): Promise<void> {
    for (const kept of changed) {
      const key = `${kept.detection} ${kept.name}`;
      if (kept.memory === undefined) this.#kept.delete(key);
      else this.#kept.set(key, JSON.stringify(kept));
    }
  }

  copy(): MemoryDetections {
    return new MemoryDetections(this.#kept);
  }
}
