/** The order that SQLite gives texts of ASCII. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
