/** The order that SQLite gives texts of ASCII. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
