/** Two persons' word that a scope's key shall not be rotated by itself for a while; it ends by itself. */
export interface RotationPause {
  /** The last second of it, since the epoch. */
  readonly until: number;
  readonly reason: string;
}

export function isPaused({ rotationPause }: { readonly rotationPause: RotationPause | null }, now: number) {
  return rotationPause !== null && now <= rotationPause.until;
}
