/** Whether tokens can be had now: really signed, recorded and read, at most every 5 seconds. */
export interface Readiness {
  check(): Promise<{ readonly ready: boolean; readonly checks: readonly ReadinessCheck[] }>;
}

export interface ReadinessCheck {
  readonly name: 'sign' | 'record' | 'verify' | 'time' | 'database' | 'service_keys';
  readonly ok: boolean;
  /** For the caller: what is away, without internals. */
  readonly detail: string;
}
