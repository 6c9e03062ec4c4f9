import { randomBytes } from 'node:crypto';

/** Known to this process alone: no text from elsewhere can bear it. */
const NONCE = randomBytes(16).toString('hex');
const COLOUR = new RegExp(`\u001b\\[(\\d+)/${NONCE}m`, 'g');
const UNSAFE = /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/gu;

/** A colour that `terminalText` lets pass. */
export function colourMark(code: number): string {
  return `\u001b[${code}/${NONCE}m`;
}

/**
 * The one form in which text reaches the terminal: with its own colours, and U+FFFD for whatever else a terminal would
 * obey, hide or show in another order.
 */
export function terminalText(text: string): string {
  return text
    .split(COLOUR)
    .map((part, at) => (at % 2 === 1 ? `\u001b[${part}m` : part.replaceAll(UNSAFE, '\ufffd')))
    .join('');
}
