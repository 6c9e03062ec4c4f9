import { readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Behind the name of the file, as logrotate names what it rotates: a number or a date, and how it was packed. */
const ROTATED = /^[.-]\d[\dTZ_.:-]*(?<packed>\.gz)?$/;

/**
 * The files that were rotated away from a sink's file, the one written last first. One that goes meanwhile is left
 * out.
 */
export function rotatedFiles(file: string): readonly string[] {
  const folder = dirname(file);
  const base = basename(file);
  const found = entriesOf(folder).flatMap((name) => {
    if (!name.startsWith(base) || !ROTATED.test(name.slice(base.length))) return [];
    const path = join(folder, name);
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() ? [{ path, at: status.mtimeMs }] : [];
  });
  return found.toSorted((a, b) => b.at - a.at).map(({ path }) => path);
}

/** A sink's file behind those that were rotated away from it, in the order in which they were written. */
export function filesOfSink(file: string): readonly string[] {
  const rotated = rotatedFiles(file).toReversed();
  const isThere = rotated.length === 0 || statSync(file, { throwIfNoEntry: false }) !== undefined;
  return isThere ? [...rotated, file] : rotated;
}

export function isPacked(file: string): boolean {
  return file.endsWith('.gz');
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * In the order of their numbers, read twice: what a sink was given again may stand behind what follows it. What has
 * the number of an earlier one comes at once, for whoever compares the two.
 */
export function* inSequence<T>(read: () => Iterable<T>, numberOf: (item: T) => number): Generator<T> {
  const first = firstUnlessInOrder(read(), numberOf);
  if (first === undefined) yield* read();
  else yield* sorted(read(), numberOf, first);
}

/** The lowest number; undefined where none comes before a lower one. */
function firstUnlessInOrder<T>(items: Iterable<T>, numberOf: (item: T) => number): number | undefined {
  let [first, last, isInOrder] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (const item of items) {
    const number = numberOf(item);
    isInOrder &&= number >= last;
    first = Math.min(first, number);
    last = number;
  }
  return isInOrder ? undefined : first;
}

function* sorted<T>(items: Iterable<T>, numberOf: (item: T) => number, first: number): Generator<T> {
  const early = new Map<number, T[]>();
  let next = first;
  for (const item of items) {
    const number = numberOf(item);
    if (number > next) {
      early.set(number, [...(early.get(number) ?? []), item]);
      continue;
    }
    yield item;
    if (number < next) continue;
    for (next += 1; early.has(next); next += 1) {
      yield* early.get(next) ?? [];
      early.delete(next);
    }
  }
  for (const [, rest] of [...early].toSorted(([a], [b]) => a - b)) yield* rest;
}
