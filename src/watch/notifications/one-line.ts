/** Nothing in it ends a line or moves the cursor: for what is shown in a place of one line. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ');
}
