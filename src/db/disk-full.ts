/** https://sqlite.org/rescode.html#full */
const SQLITE_FULL = 13;
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/** Whether that is, in the end, a disk without room: of the operating system, of SQLite or of PostgreSQL. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errcode, condition } = error as { code?: unknown; errcode?: unknown; condition?: unknown };
  return FULL.includes(code) || errcode === SQLITE_FULL || condition === 'full' || isDiskFull(error.cause);
}
