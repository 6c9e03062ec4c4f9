import type { Action } from '../domain/client.ts';
import type { CountedTokens } from '../domain/policy-refusals.ts';
import type { ScopeDefinition } from '../kernel/scope.ts';

/** What the service has, as far as a provisioning file speaks of it. */
export interface Current {
  readonly scopes: readonly CurrentScope[];
  readonly clients: readonly CurrentClient[];
}

export type CurrentScope = ScopeDefinition;

export interface CurrentClient {
  readonly id: string;
  readonly description: string;
  readonly revoked: boolean;
  readonly grants: readonly { readonly scope: string; readonly action: Action }[];
}

/** One line of a plan. */
export interface Change {
  readonly action: 'create' | 'change' | 'remove';
  readonly kind: 'scope' | 'client' | 'grant';
  /** Of the scope or the client. */
  readonly id: string;
  /** `max_ttl_seconds` of a scope, `payments:sign` of a client. */
  readonly member?: string;
  readonly from?: unknown;
  readonly to?: unknown;
  /** The service accepts more afterwards: where it asks for two persons, this opens a proposal (I11). */
  readonly weakens: boolean;
  /** How many living tokens it refuses at once, null where they could not be counted; absent where it refuses none by its kind. */
  readonly refuses?: CountedTokens | null;
}

/** One request to the operations plane, and what it changes. */
export interface Step {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1/admin`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly changes: readonly Change[];
  /** What has to exist before, such as `scope:payments`, though the plan itself makes it. */
  readonly needs: readonly string[];
  /** What exists afterwards. */
  readonly makes?: string;
}
