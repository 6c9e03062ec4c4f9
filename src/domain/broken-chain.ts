/** An element of a chain that is not as it was written. */
export interface BrokenChain {
  /** Where: `event 12`. */
  readonly place: string;
  readonly why: string;
}
