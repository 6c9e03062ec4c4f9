import type { ServiceOptions } from '../../test/support/running-service.ts';
import type { Stage } from './stage.ts';

/** One thing that breaks under a service at work. */
export interface Fault {
  readonly name: string;
  /** Why it cannot be tried on this machine. */
  readonly missing?: () => string | undefined;
  /** What the service needs beside the usual. */
  readonly options?: (folder: string) => ServiceOptions | Promise<ServiceOptions>;
  /** Members of the scope beside the usual. */
  readonly scope?: Readonly<Record<string, unknown>>;
  /** Takes away what `options` made, once the service is gone. */
  readonly clear?: (folder: string) => void;
  inject(stage: Stage): Promise<void> | void;
  /** Ends the cause. Without it the cause is over by itself. */
  mend?(stage: Stage): Promise<void> | void;
  /** How long the cause lasts; default five seconds. */
  readonly seconds?: number;
  /** Security events, one of which has to be raised; none where it is over before anybody need know. */
  readonly events: readonly string[];
  /** Under `docs/runbooks`, where it takes a person: `mend` does what that page says, and without it the row ends ill. */
  readonly runbook?: string;
}
