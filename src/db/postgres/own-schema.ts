/** Every object of a schema, by its kind and name, with its definition as PostgreSQL words it. */
export type SchemaObjects = ReadonlyMap<string, string>;

/** The schema as a version makes it. */
export interface OwnSchema {
  readonly objects: SchemaObjects;
  /** The names of its migrations. */
  readonly migrations: readonly string[];
  /** Of `objects`, what its code does not use; a function without its parameters. */
  readonly retired: readonly string[];
}
