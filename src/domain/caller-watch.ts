import type { RefusalWatch } from './refused-request.ts';

/** Told of who asks, let in or turned away; it must neither throw nor wait. */
export interface CallerWatch extends RefusalWatch {
  /** A request whose credential was right. `caller` as `client:<id>` or `operator:<id>`. */
  authenticated(caller: string, remote: string | undefined): void;
}
