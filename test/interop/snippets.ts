import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/verify-anywhere.md', import.meta.url);

/** A program as the page shows it, by the name behind the language of its code block. */
export function snippet(name: string): string {
  const opening = new RegExp(`^\`\`\`\\w+ ${name.replace('.', '\\.')}\n`, 'm');
  const text = readFileSync(PAGE, 'utf8');
  const start = opening.exec(text);
  if (!start) throw new Error(`docs/verify-anywhere.md has no ${name}`);
  const from = start.index + start[0].length;
  return text.slice(from, text.indexOf('\n```', from) + 1);
}
