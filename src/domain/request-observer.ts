import type { RefusalWatch } from './refused-request.ts';

/** Where somebody showed a secret that opened nothing. */
export interface RejectedSecret {
  /** The `Authorization` header, or the body. Nothing of it is stored or logged. */
  readonly text: string;
  readonly use: 'authentication' | 'verify' | 'introspect' | 'revoke';
  /** `client:<id>`, where one was authenticated. */
  readonly caller: string | null;
  readonly remote: string | undefined;
  readonly requestId: string;
}

/** Told of who asks, let in or turned away; it must neither throw nor wait. */
export interface RequestObserver extends RefusalWatch {
  /** A request whose credential was right. `caller` as `client:<id>` or `operator:<id>`. */
  authenticated(caller: string, remote: string | undefined): void;
  /** Once the answer has been given, on every path, whatever it was. */
  rejectedSecret(what: RejectedSecret): void;
}
