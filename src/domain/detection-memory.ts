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
