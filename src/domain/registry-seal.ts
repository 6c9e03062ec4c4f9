/** What the registry key says of one row: this content, and no other, stands in the table under this id. */
export interface RowStatement {
  readonly table: string;
  readonly id: string;
  /** The number of the change that made the row what it is; it never repeats. */
  readonly version: number;
  /** SHA-256 of the row's content, base64url. */
  readonly contentHash: string;
}

/** What it says of the registry as a whole, after the change of that number. */
export interface HeadStatement {
  readonly version: number;
  /** The version that stood in the database when this one was signed; 0 for the first. */
  readonly previous: number;
  /** SHA-256 of the list of rows in each bucket, base64url. */
  readonly buckets: readonly string[];
}

/** Reads what the registry key signed; undefined for whatever it did not sign. Needs its public key alone. */
export interface RegistryWitness {
  readRow(jws: string): Promise<RowStatement | undefined>;
  readHead(jws: string): Promise<HeadStatement | undefined>;
}

/** Signs as well, in the HSM: `hsm_unavailable`, `overloaded`, `pin_latched` and what else `Signer` refuses with. */
export interface RegistrySeal extends RegistryWitness {
  signRow(statement: RowStatement): Promise<string>;
  signHead(statement: HeadStatement): Promise<string>;
  /**
   * The version of the last head that was signed, 0 for none: it may never have been committed. `shown` is the head
   * in the database.
   */
  lastVersion(shown: string | null): Promise<number>;
}

/** A row that is in no answer, and why. */
export interface RefusedRow {
  readonly table: string;
  readonly id: string;
  readonly why: string;
}
