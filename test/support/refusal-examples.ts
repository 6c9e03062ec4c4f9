import { readFileSync } from 'node:fs';

const PAGE = new URL('../../docs/refusals.md', import.meta.url);

/** A decoded token, with the text of the page: `<name>` is a key by what became of it. */
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
  const good = exampleIn(before, { header: '{}', claims: '{}' });
  return {
    good,
    sections: sections.map((text) => ({
      reason: /^`(\w+)`\n/.exec(text)?.[1] ?? '',
      example: exampleIn(text, good),
      text,
    })),
  };
}

/** An example shows the members in which it differs from the good one. */
function exampleIn(text: string, good: Pick<RefusalExample, 'header' | 'claims'>): RefusalExample {
  const blocks = [...text.matchAll(/^```json(.*)\n((?:\{.*\}\n)+)```$/gm)];
  const [[, info = '', shown = ''] = []] = blocks;
  if (blocks.length !== 1) throw new Error(`one example is wanted in: ${text.slice(0, 60)}`);
  const lines = shown.trimEnd().split('\n');
  const named = (name: string) => new RegExp(` ${name}=(\\w+)`).exec(info)?.[1];
  return {
    header: changed(good.header, lines.find(isHeader)),
    claims: changed(
      good.claims,
      lines.find((line) => !isHeader(line)),
    ),
    signedBy: named('signed-by'),
    later: named('later'),
  };
}

function isHeader(line: string): boolean {
  return /"(?:alg|typ|kid)":/.test(line);
}

/** Works on the text, since a name may be there twice. */
function changed(text: string, change = '{}'): string {
  const changes = membersOf(change);
  const kept = membersOf(text).filter(([name]) => !changes.some(([other]) => other === name));
  return `{${[...kept, ...changes].map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

function membersOf(text: string): (readonly [name: string, value: string])[] {
  return [...text.matchAll(/"(\w+)": ?("[^"]*"|\[[^\]]*\]|\d+)/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}
