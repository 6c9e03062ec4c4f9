import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../examples/verify-anywhere/', import.meta.url);

/** A program that docs/verify-anywhere.md links to. */
export function program(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}
