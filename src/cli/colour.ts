import { colourMark } from './terminal-text.ts';

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;

export type Colour = keyof typeof CODES;

/** In the form that `terminalText` lets pass. */
export function paint(text: string, colour: Colour | undefined, enabled: boolean): string {
  return colour && enabled ? `${colourMark(CODES[colour])}${text}${colourMark(0)}` : text;
}
