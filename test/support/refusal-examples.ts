import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/refusals.md', import.meta.url);

/** A decoded token of the page, its lines as they stand there: `<name>` is a key by what became of it. */
export interface RefusalExample {
  readonly header: string;
  readonly claims: string;
  /** Who signs where it is not the key that `kid` names. */
  readonly signedBy: string | undefined;
  /** What the service says once the token was accepted. */
  readonly later: string | undefined;
}

export interface RefusalSection {
  /** The heading: a reason. */
  readonly reason: string;
  readonly example: RefusalExample;
  readonly text: string;
}

/** The example of a good token, before all others, and the reasons in the order of the page. */
export function refusalPage(): {
  readonly good: RefusalExample;
  readonly sections: readonly RefusalSection[];
} {
  const [before = '', ...sections] = readFileSync(PAGE, 'utf8').split(/^## /m);
  return {
    good: exampleIn(before),
    sections: sections.map((text) => ({
      reason: /^`(\w+)`\n/.exec(text)?.[1] ?? '',
      example: exampleIn(text),
      text,
    })),
  };
}

function exampleIn(text: string): RefusalExample {
  const blocks = [...text.matchAll(/^```json(.*)\n(.+)\n(.+)\n```$/gm)];
  const [[, info = '', header = '', claims = ''] = []] = blocks;
  if (blocks.length !== 1) throw new Error(`one example of two lines is wanted in: ${text.slice(0, 60)}`);
  const named = (name: string) => new RegExp(` ${name}=(\\w+)`).exec(info)?.[1];
  return { header, claims, signedBy: named('signed-by'), later: named('later') };
}
