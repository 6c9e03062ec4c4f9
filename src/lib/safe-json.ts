/** What a terminal obeys, hides or shows in another order: controls, formats, line separators, lone surrogates. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** The same JSON text with such characters escaped as `\uXXXX`; line feeds between members stay. */
export function escapedJson(json: string): string {
  return json.replaceAll(UNSAFE, (character) => (character === '\n' ? character : unicodeEscape(character)));
}

/** `JSON.stringify` for terminals and logs. */
export function safeJson(value: unknown, indent?: number): string {
  return escapedJson(JSON.stringify(value, null, indent));
}

function unicodeEscape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
