import type { ErrorCode } from '../kernel/errors.ts';

/** A request that was turned away for who asked, or an administrative act that was refused. */
export interface RefusedRequest {
  readonly plane: 'data' | 'operations';
  readonly method: string;
  /** The path as documented, never as asked. */
  readonly route: string;
  readonly code: ErrorCode;
  /** Client or operator, where the credential told. */
  readonly caller: string | undefined;
  readonly remote: string | undefined;
  readonly requestId: string;
}

/** Told of each; it must neither throw nor wait. */
export interface RefusalWatch {
  refused(request: RefusedRequest): void;
}
