import type { Trx } from '../db/schema.ts';
import type { Gauges } from '../metrics/gauges.ts';
import type { AdmissionDeps } from '../server/admission.ts';
import type { GateDeps } from '../server/ask-gate.ts';
import type { Route } from '../server/route.ts';
import type { Actor } from './actor.ts';
import type { AnyAct } from './acts.ts';
import type { ErrorCode } from './errors.ts';

/** Work that is repeated until the service stops. A failure is logged once until it works again. */
export interface Task {
  /** For the log, such as `reports`. */
  readonly name: string;
  readonly everyMs: number;
  /** Where another process leads, it does nothing. */
  readonly byLeader?: true;
  tick(): Promise<void>;
}

export interface ErasedBy {
  readonly actor: Actor;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** Personal values that a capability keeps in tables of its own. `keyward ledger erase --subject` walks the list of them. */
export interface Erasable {
  /** Erases what names the subject, at most `limit` of it, with audit events; answers how much. */
  eraseNaming(trx: Trx, subject: string, limit: number, by: ErasedBy): Promise<number>;
  /** Erases what is kept about tokens of these digests, with audit events; answers how much. */
  eraseAbout(trx: Trx, digests: readonly Uint8Array[], by: ErasedBy): Promise<number>;
  /** Ids of what names the subject and people still work on: erasing it takes two persons. */
  openNaming(trx: Trx, subject: string): Promise<readonly string[]>;
  /** The same about tokens: digest (base64url) → id. */
  openByDigest(trx: Trx): Promise<ReadonlyMap<string, string>>;
}

/** What a capability adds to the service. `serve` opens the capabilities in order and joins their lists. */
export interface Capability {
  readonly routes?: {
    readonly data?: readonly Route<AdmissionDeps>[];
    readonly operations?: readonly Route<GateDeps>[];
  };
  /** What the gate may be asked for. */
  readonly acts?: readonly AnyAct[];
  readonly tasks?: readonly Task[];
  /** Read at each scrape. */
  readonly gauges?: Gauges;
  readonly erasable?: readonly Erasable[];
  /** Ends the streams that it serves, so that the planes can drain. */
  drain?(): void;
  stop?(): Promise<void> | void;
}

/** The entries of one of their lists. */
export function listed<K extends 'acts' | 'tasks' | 'erasable'>(
  list: K,
  capabilities: readonly Capability[],
): NonNullable<Capability[K]>[number][] {
  return capabilities.flatMap((capability) => [...(capability[list] ?? [])]);
}

/** The routes of each plane, in this order; a capability that is named twice counts where it comes first. */
export function routesOf(capabilities: readonly Capability[]) {
  const routes = [...new Set(capabilities)].map((capability) => capability.routes);
  return {
    data: routes.flatMap((of) => of?.data ?? []),
    operations: routes.flatMap((of) => of?.operations ?? []),
  };
}

/** What is checked, each by doing it. */
export const READINESS_CHECKS = ['sign', 'time', 'record', 'verify', 'database', 'service_keys'] as const;

/** What a balancer may send here: requests for signatures, or all that relying services ask. */
export type Duty = 'sign' | 'verify';

/** Whether a duty can be done now: really signed, recorded and read, at most every 5 seconds. */
export interface Readiness {
  /** For both duties, or for one. */
  check(duty?: Duty): Promise<{ readonly ready: boolean; readonly checks: readonly ReadinessCheck[] }>;
}

export interface ReadinessCheck {
  readonly name: (typeof READINESS_CHECKS)[number];
  readonly ok: boolean;
  /** For the caller: what is away, without internals. */
  readonly detail: string;
  /** Of a check that failed. */
  readonly code?: ErrorCode | undefined;
  /** Of a check that failed: what to do, as a path of the repository. */
  readonly runbook?: string | undefined;
}
