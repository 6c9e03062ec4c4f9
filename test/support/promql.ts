/** What an expression asks of one metric. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

const NAME = /^[a-zA-Z_:][\w:]*$/;
const TOKEN = /"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][\w:]*|\d[\w.]*|=~|!~|!=|\S/g;
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset']);

/**
 * The metrics of a PromQL expression with their matchers, and the labels that it groups and joins by. Enough of the
 * grammar for expressions that promtool has found well formed.
 */
export function readExpression(expression: string): { selectors: Selector[]; grouping: string[] } {
  const tokens: readonly string[] = expression.match(TOKEN) ?? [];
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const word = tokens[at] ?? '';
    if (!NAME.test(word) || WORDS.has(word)) continue;
    const [next = '', end] = [tokens[at + 1], tokens.indexOf(closing(tokens[at + 1]), at)];
    if (GROUPING.has(word)) {
      if (next === '(') grouping.push(...tokens.slice(at + 2, end).filter((token) => NAME.test(token)));
      if (next === '(') at = end;
    } else if (next === '{') {
      selectors.push({ metric: word, matchers: matchersOf(tokens.slice(at + 2, end)) });
      at = end;
    } else if (next !== '(' && !GROUPING.has(next)) {
      selectors.push({ metric: word, matchers: [] });
    }
  }
  return { selectors, grouping };
}

function closing(opening: string | undefined): string {
  return opening === '{' ? '}' : ')';
}

/** Of `label`, `operator`, `"value"`, and a comma between each three and the next. */
function matchersOf(tokens: readonly string[]): Matcher[] {
  const matchers: Matcher[] = [];
  for (let at = 0; at + 2 < tokens.length; at += 4) {
    const [label = '', operator = '', value = ''] = tokens.slice(at, at + 3);
    matchers.push({ label, operator, value: JSON.parse(value) as string });
  }
  return matchers;
}
