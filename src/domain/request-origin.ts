/** Who shows a token, or tells of one: what an alarm says of whom and whence. */
export interface RequestOrigin {
  /** Null for whoever reports a token: it is anybody. */
  readonly clientId: string | null;
  /** The address that the request came from. */
  readonly remote: string | undefined;
  readonly requestId: string;
  /** How it is shown, where not to have it verified. */
  readonly through?: 'introspect' | 'report';
}
