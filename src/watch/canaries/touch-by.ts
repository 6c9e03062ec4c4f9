import type { CanaryTouch, CanaryUse } from '../../domain/canary.ts';
import type { Presenter } from '../../domain/presenter.ts';

/** A use by whoever showed a token, as far as that is known. */
export function touchBy(use: CanaryUse, by: Presenter | undefined): CanaryTouch {
  return {
    use,
    caller: typeof by?.clientId === 'string' ? `client:${by.clientId}` : null,
    remote: by?.remote,
    requestId: by?.requestId ?? null,
  };
}
