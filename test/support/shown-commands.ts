import { expect } from 'vitest';

/** Commands of a page, and what it shows that they answer. */
export interface ShownCommand {
  readonly command: string;
  readonly language: 'json' | 'http';
  readonly answer: string;
}

/** Each block of `sh` with the block of `json` or `http` right behind it. */
export function shownCommands(page: string): readonly ShownCommand[] {
  const blocks = page.matchAll(/^```sh\n([\s\S]*?)^```\n\n```(json|http)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, command = '', language, answer = '']) => ({
    command,
    language: language as ShownCommand['language'],
    answer,
  }));
}

/** The one block of that language that holds the text. */
export function shownBlock(page: string, language: string, text: string): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, named, block = '']) => named === language && block.includes(text))
    .map(([, , block = '']) => block);
  expect(blocks).toHaveLength(1);
  return blocks[0] ?? '';
}

/** Fails unless that was answered. Of JSON all is shown, of HTTP some of the header lines. */
export function expectShown(answered: string, { language, answer }: ShownCommand): void {
  if (language === 'json') {
    expect(JSON.parse(answered)).toEqual(anyOfTheKind(JSON.parse(answer)));
    return;
  }
  const lines = answered.split(/\r?\n/);
  for (const line of answer.trim().split('\n')) expect(lines).toContainEqual(anyOfTheKind(line));
}

const EARLIEST_TIME = 1_000_000_000;

/** A time stands for any other, and `…` for any text. */
function anyOfTheKind(shown: unknown): unknown {
  if (typeof shown === 'number') return shown < EARLIEST_TIME ? shown : expect.any(Number);
  if (typeof shown === 'string') return shown.includes('…') ? expect.stringMatching(pattern(shown)) : shown;
  if (Array.isArray(shown)) return shown.map(anyOfTheKind);
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, anyOfTheKind(value)]));
}

function pattern(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}
