export function matches(pattern: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && pattern.test(value);
}

/** A whole number from 0 on that a double holds exactly, such as a NumericDate. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** 32 bytes in base64url, whose last character leaves two bits unused: zero. */
export const isDigest = matches(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
