/** A text that each front shows the others, in place of its last one. */
export interface FrontNotes {
  /** `store_unavailable`. */
  post(text: string): Promise<void>;
  /**
   * Those of other fronts that live, by a random id of each: only what a run sealed that the audit key certified, and none
   * older than one that was read before. `store_unavailable`.
   */
  read(): Promise<ReadonlyMap<string, string>>;
}
