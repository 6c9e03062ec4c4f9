/** Who may report leaks without a credential: they sign what they send. */
export interface LeakPartners {
  /** The partner whose key signed the body, ECDSA with P-256 and SHA-256; undefined for anybody else. */
  partnerOf(signed: {
    readonly keyId: string;
    /** DER, base64. */
    readonly signature: string;
    readonly body: Buffer;
  }): string | undefined;
}
