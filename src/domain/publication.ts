/** A document as verifiers fetch it, composed once and served from memory. */
export interface PublishedDocument {
  readonly contentType: string;
  readonly body: string;
  /** Quoted strong entity tag (RFC 9110 §8.8.3). */
  readonly etag: string;
  readonly maxAgeSeconds: number;
}

/** Always of one scope (I3). Undefined where the scope does not exist or has no such document. */
export interface Publication {
  /** RFC 7517. */
  keySet(scopeId: string): PublishedDocument | undefined;
  /** The same set signed by the registry key, typ `jwk-set+jwt`. */
  signedKeySet(scopeId: string): Promise<PublishedDocument | undefined>;
  /** RFC 8414 and OpenID Discovery; only for a scope whose issuer is the URL it is served under. */
  openidConfiguration(scopeId: string): PublishedDocument | undefined;
}
