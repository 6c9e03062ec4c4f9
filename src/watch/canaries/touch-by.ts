import type { CanaryTrigger, CanaryUse } from '../../kernel/canary.ts';
import type { RequestOrigin } from '../../domain/request-origin.ts';

/** A use by whoever showed a token, as far as that is known. */
export function touchBy(use: CanaryUse, by: RequestOrigin | undefined): CanaryTrigger {
  return {
    use,
    caller: typeof by?.clientId === 'string' ? `client:${by.clientId}` : null,
    remote: by?.remote,
    requestId: by?.requestId ?? null,
  };
}
