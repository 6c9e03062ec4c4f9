const MOST_ROWS = 500;

/** Rows behind `last` in the order of the list, at most `limit`; the first where `last` is undefined. */
export type ReadRows<Row> = (last: Row | undefined, limit: number) => Promise<readonly Row[]>;

/** All rows, in ever larger steps from that size on. */
export async function* inSteps<Row>(read: ReadRows<Row>, first = MOST_ROWS): AsyncGenerator<readonly Row[]> {
  let last: Row | undefined;
  for (let size = first; ; size = Math.max(first, Math.min(2 * size, MOST_ROWS))) {
    const rows = await read(last, size);
    if (rows.length > 0) yield rows;
    if (rows.length < size) return;
    last = rows.at(-1);
  }
}

/** The first `limit` of what `keep` makes of the rows: reads on until they are there, or no row is left. */
export async function fillPage<Row, Kept>(
  limit: number,
  read: ReadRows<Row>,
  keep: (rows: readonly Row[]) => Promise<readonly Kept[]>,
): Promise<Kept[]> {
  const kept: Kept[] = [];
  if (limit <= 0) return kept;
  for await (const rows of inSteps(read, limit)) {
    kept.push(...(await keep(rows)));
    if (kept.length >= limit) break;
  }
  return kept.slice(0, limit);
}
