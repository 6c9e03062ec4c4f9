import { PAGE_ROWS } from './row-pages.ts';
import type { TableName } from './table-keys.ts';

/** Pages that were not the same on both sides, and are what the source has now. */
export class ReplacedPages {
  readonly #pages = new Map<TableName, Set<number>>();

  add(table: TableName, page: number): void {
    const pages = this.#pages.get(table) ?? new Set();
    this.#pages.set(table, pages.add(page));
  }

  /** Whether any row with a number from `first` to `last` lies in one. */
  hasAny(table: TableName, first: number, last: number): boolean {
    const pages = this.#pages.get(table);
    if (!pages) return false;
    for (let page = pageOf(first); page <= pageOf(last); page++) if (pages.has(page)) return true;
    return false;
  }
}

function pageOf(number: number): number {
  return Math.floor(number / PAGE_ROWS);
}
