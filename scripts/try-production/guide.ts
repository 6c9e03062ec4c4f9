export interface Command {
  readonly kind: 'command';
  /** Who types it, by the prompt. */
  readonly who: string;
  readonly line: string;
}

/** What a page shows of a file: its name stands in the first line. */
export interface ShownFile {
  readonly kind: 'file';
  readonly name: string;
  readonly text: string;
}

export interface Section {
  readonly title: string;
  readonly steps: readonly (Command | ShownFile)[];
}

const FENCED = /^```(\w*)\n([\s\S]*?)^```$/gm;
const PROMPT = /^([a-z]+)[#$] +(.+)$/;

/** The sections of a page, with what its fenced blocks have people type and write. */
export function sectionsOf(page: string): Section[] {
  const [, ...parts] = page.split(/^## /m);
  return parts.map((part) => ({
    title: part.split('\n', 1)[0] ?? '',
    steps: [...part.matchAll(FENCED)].flatMap(([, , block = '']) => stepsOf(block)),
  }));
}

function stepsOf(block: string): (Command | ShownFile)[] {
  const [, name] = /^# (\S+\.yaml)\n/.exec(block) ?? [];
  if (name !== undefined) return [{ kind: 'file', name, text: block }];
  return block.split('\n').flatMap((line): Command[] => {
    const [, who, typed] = PROMPT.exec(line) ?? [];
    return who === undefined || typed === undefined ? [] : [{ kind: 'command', who, line: typed }];
  });
}
