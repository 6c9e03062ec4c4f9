/**
 * What the name of a migration says to code of any version, also to one that does not know it: `0003-what-it-does` adds
 * something that code without it does not notice, and `0003-what-it-does-needs-0002` may run beside no code that ends
 * before 0002.
 */
const NAME = /^(\d{4})-[a-z0-9-]+?(?:-needs-(\d{4}))?$/;

/** The number of code that knows these: that of its newest. */
export function codeOf(names: readonly string[]): number {
  return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
}

/** The number of the oldest code that may run with these. */
export function oldestCodeOf(names: readonly string[]): number {
  return Math.max(0, ...names.map(neededBy));
}

/** The first of these that code of that number is too old for. */
export function excluding(names: readonly string[], code: number): string | undefined {
  return names.find((name) => neededBy(name) > code);
}

function neededBy(name: string): number {
  return Number(NAME.exec(name)?.[2] ?? 0);
}
