/** Where the tables are. */
export interface DatabaseSettings {
  /** Absolute path. */
  readonly file: string;
}
