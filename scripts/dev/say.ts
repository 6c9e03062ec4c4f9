/** One line a step, as the shell part writes them. */
export function say(line: string): void {
  console.log(`keyward: ${line}`);
}

/** Ends the script; each line says what is wrong or what to do. */
export class Stop extends Error {
  override readonly name = 'Stop';
}
