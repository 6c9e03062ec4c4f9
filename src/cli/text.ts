import { randomBytes } from 'node:crypto';
import { humanSpan, isoInstant } from '../lib/instant.ts';

/** Known to this process alone: no text from elsewhere can bear it. */
const NONCE = randomBytes(16).toString('hex');
const COLOUR = new RegExp(`\u001b\\[(\\d+)/${NONCE}m`, 'g');
const UNSAFE = /(?![\n\t])[\p{C}\p{Zl}\p{Zp}]/gu;

/** A colour that `terminalText` lets pass. */
function colourMark(code: number): string {
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

/** As it shows, without its colours: to be measured. */
export function plainText(text: string): string {
  return text.replaceAll(COLOUR, '');
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;

/** In the form that `terminalText` lets pass. */
export function paint(text: string, colour: Colour | undefined, enabled: boolean): string {
  return colour && enabled ? `${colourMark(CODES[colour])}${text}${colourMark(0)}` : text;
}

/** `2026-11-23 19:45:10Z`, of seconds since the epoch. */
export function utc(seconds: number): string {
  return `${isoInstant(seconds).slice(0, 19).replace('T', ' ')}Z`;
}

/** `2026-11-23 19:45:10Z (3 minutes ago)`; both in seconds since the epoch. */
export function humanTime(seconds: number, nowSeconds: number): string {
  return `${utc(seconds)} (${relative(seconds - nowSeconds)})`;
}

function relative(difference: number): string {
  if (difference === 0) return 'now';
  return difference < 0 ? `${humanSpan(-difference)} ago` : `in ${humanSpan(difference)}`;
}

/** `2026-11-23 19:45Z`: where there is no room for more. */
export function absoluteTime(seconds: number): string {
  return `${isoInstant(seconds).slice(0, 16).replace('T', ' ')}Z`;
}

const UNITS = new Map([
  ['day', 'd'],
  ['hour', 'h'],
  ['minute', 'min'],
  ['second', 's'],
]);

/** `3 min ago`: where there is least. */
export function shortTime(seconds: number, nowSeconds: number): string {
  return relative(seconds - nowSeconds).replace(
    /(day|hour|minute|second)s?/,
    (_, unit) => UNITS.get(unit) ?? unit,
  );
}
