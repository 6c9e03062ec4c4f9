/** What a terminal would obey, or show in another order, stands as U+FFFD: the text came from elsewhere. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd');
}
