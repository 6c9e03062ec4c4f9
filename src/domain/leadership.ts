/**
 * Of the processes that share a database one leads: it alone does what nobody asked for, such as rotating. With
 * SQLite it is the one that owns the file; replicas on a shared database elect it.
 */
export interface Leadership {
  /** Asked each time before anything is done. */
  leads(): boolean;
}
