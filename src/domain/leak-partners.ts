/** Who may report leaks without a credential: they sign what they send. */
export interface LeakPartners {
  /** Whether a partner has a key of that id: only then is a body worth reading. */
  knows(keyId: string): boolean;
  /** The partner whose key signed the body, ECDSA with P-256 and SHA-256; undefined for anybody else. */
  partnerOf(signed: {
    readonly keyId: string;
    /** DER, base64. */
    readonly signature: string;
    readonly body: Buffer;
  }): string | undefined;
}
