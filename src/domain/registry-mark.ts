/** Where the registry stands after a change: in the details of the change's audit event, as `registry`. */
export interface RegistryMark {
  /** The number of the signed change. */
  readonly version: number;
  /** SHA-256 of the signed head, base64url. */
  readonly sha256: string;
}

/** A row whose content waits for its signature, as its audit event names it in `unsigned`. */
export interface UnsignedMark {
  /** Table and id. */
  readonly row: string;
  /** The signed version that it restricts. */
  readonly version: number;
  /** SHA-256 of the content that waits, base64url; of `null` for a row that is to go. */
  readonly content_sha256: string;
}

type Details = Readonly<Record<string, unknown>>;

export function registryMarkIn({ registry }: Details): RegistryMark | undefined {
  if (typeof registry !== 'object' || registry === null) return undefined;
  const { version, sha256 } = registry as Details;
  return typeof version === 'number' && typeof sha256 === 'string' ? { version, sha256 } : undefined;
}

export function unsignedMarksIn({ unsigned }: Details): readonly UnsignedMark[] {
  return Array.isArray(unsigned) ? unsigned.flatMap((mark) => unsignedMarkIn(mark) ?? []) : [];
}

function unsignedMarkIn(mark: unknown): UnsignedMark | undefined {
  if (typeof mark !== 'object' || mark === null) return undefined;
  const { row, version, content_sha256 } = mark as Details;
  if (typeof row !== 'string' || typeof version !== 'number') return undefined;
  return typeof content_sha256 === 'string' ? { row, version, content_sha256 } : undefined;
}
