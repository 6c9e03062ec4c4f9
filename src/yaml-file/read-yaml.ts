import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import type { z } from 'zod';
import { isObject } from '../lib/json.ts';
import { errorMessage } from '../lib/text.ts';
import { firstProblems, type Locate, type Path, type Place, type Problem } from './problem.ts';
import { schemaProblems } from './schema-problems.ts';
import { putMembers, readVariables, type Variables, variableAt } from './variables.ts';

/** Each may repeat a part of the file. */
const MAX_ALIASES = 100;
const MOST_PROBLEMS = 20;
const START: Place = { line: 1, column: 1 };

type ReadYaml =
  | {
      readonly value: unknown;
      readonly locate: Locate;
      /** The letters of a number, a boolean or a null, where one stands there. */
      readonly written: (path: Path) => string | undefined;
      readonly problems?: never;
    }
  | { readonly problems: readonly Problem[] };

/**
 * YAML 1.2, strictly: one document, no key twice, no tags, keys are text, aliases bounded. Never throws, whatever
 * the text.
 */
export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  try {
    const parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      // Its own check compares every key with every other.
      uniqueKeys: false,
      logLevel: 'error',
    });
    const flaws = tooDeep(parsed.errors) ?? [...parsed.errors, ...parsed.warnings, ...forbidden(parsed)];
    if (flaws.length > 0) {
      const shown = flaws.slice(0, MOST_PROBLEMS);
      return {
        problems: shown.map((flaw) => ({ ...placeAt(lines, flaw.pos[0]), message: adviceFor(flaw) })),
      };
    }
    const value: unknown = parsed.toJS({ maxAliasCount: -1 });
    return {
      value,
      locate: (path, part) => locate(parsed, lines, path, part),
      written: (path) => writtenAt(parsed, path),
    };
  } catch (error) {
    if (error instanceof RangeError) return { problems: [{ ...START, message: TOO_DEEP }] };
    const reason = errorMessage(error);
    return { problems: [{ ...START, message: `it cannot be read: ${reason}` }] };
  }
}

interface YamlIssue {
  readonly pos: readonly [number, number];
  readonly message: string;
  readonly code?: string;
}

/** What YAML has and no file of Keyward's has a use for. */
function forbidden(parsed: Document.Parsed): readonly YamlIssue[] {
  const flaws: YamlIssue[] = [];
  const flaw = (node: unknown, message: string) => {
    const at = (isNode(node) && node.range?.[0]) || 0;
    flaws.push({ pos: [at, at], message });
  };
  if (parsed.directives.yaml.version !== '1.2')
    flaw(undefined, 'leave out the %YAML directive: this is YAML 1.2');
  let aliases = 0;
  visit(parsed, {
    Alias: (_key, alias) => {
      aliases += 1;
      if (aliases > MAX_ALIASES) flaw(alias, `use at most ${MAX_ALIASES} aliases`);
      else if (!alias.resolve(parsed)) flaw(alias, `nothing before it is anchored as &${alias.source}`);
    },
    Value: (_key, node) => {
      if (node.tag !== undefined) flaw(node, 'leave out the tag');
    },
    Map: (_key, { items }) => {
      const names = new Set<unknown>();
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key;
        if (names.has(name)) flaw(key, `${String(name)} stands twice`);
        if (name === '__proto__') flaw(key, 'nothing may be called __proto__');
        names.add(name);
      }
    },
  });
  return flaws;
}

/** The parser goes down a level with each nesting; it reports the end of the stack as an error of the text. */
function tooDeep(errors: readonly YamlIssue[]): readonly YamlIssue[] | undefined {
  const overflow = errors.find(({ message }) => /call stack|stack overflow/i.test(message));
  return overflow && [{ pos: overflow.pos, message: TOO_DEEP }];
}

/** The library speaks to its programmer here. */
function adviceFor({ code, message }: YamlIssue): string {
  return code === 'MULTIPLE_DOCS' ? 'keep it to one document' : message;
}

const TOO_DEEP = 'it nests too deep';

function locate(parsed: Document, lines: LineCounter, path: Path, part: 'key' | 'value' = 'value'): Place {
  let node: Node | undefined = parsed.contents ?? undefined;
  let key: Node | undefined;
  for (const step of path) {
    const next = childOf(parsed, node, step);
    if (!next) return placeOf(lines, key ?? node);
    ({ key, node } = next);
  }
  return placeOf(lines, part === 'key' ? (key ?? node) : (node ?? key));
}

function writtenAt(parsed: Document, path: Path): string | undefined {
  let node: Node | undefined = parsed.contents ?? undefined;
  for (const step of path) node = childOf(parsed, node, step)?.node;
  return isScalar(node) && typeof node.value !== 'string' ? node.source : undefined;
}

interface Child {
  readonly key: Node | undefined;
  readonly node: Node | undefined;
}

function childOf(parsed: Document, parent: Node | undefined, step: string | number): Child | undefined {
  const node = isAlias(parent) ? parent.resolve(parsed) : parent;
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
    return pair && { key: asNode(pair.key), node: asNode(pair.value) };
  }
  if (isSeq(node) && typeof step === 'number' && step < node.items.length) {
    const item = asNode(node.items[step]);
    return { key: item, node: item };
  }
  return undefined;
}

function asNode(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

function placeOf(lines: LineCounter, node: Node | undefined): Place {
  return node?.range ? placeAt(lines, node.range[0]) : START;
}

function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

type ReadYamlAs<T> =
  | { readonly value: T; readonly locate: Locate; readonly problems?: never }
  | {
      readonly problems: readonly Problem[];
      /** `value`: the members without those that the schema refuses. Undefined where the text is no YAML of members. */
      readonly sound?: { readonly value: object; readonly members: object; readonly locate: Locate };
    };

interface Overrides {
  readonly variables: Variables;
  /** Paths that no variable may give, each with the reason. */
  readonly inFileOnly: Readonly<Record<string, string>>;
}

/**
 * A text of YAML as the schema has it, or what is wrong, the first twenty things of it in the order of the text. What
 * variables say goes before the text. Where the schema asks for text, a number is what was written: `12e45678`. Never
 * throws.
 */
export function readYamlAs<T>(
  schema: z.ZodType<T>,
  text: string,
  { variables, inFileOnly }: Overrides = { variables: {}, inFileOnly: {} },
): ReadYamlAs<T> {
  const yaml = readYaml(text);
  if (yaml.problems) return yaml;
  const value = yaml.value ?? {};
  const given = readVariables(schema, variables, inFileOnly);
  putMembers(value, given.members);
  const locate: Locate = (path, part) => {
    const variable = variableAt(given.members, path);
    return { ...yaml.locate(path, part), ...(variable === undefined ? {} : { variable }) };
  };
  const asRead = schema.safeParse(value, { reportInput: true });
  const parsed =
    asRead.error && asTexts(value, asRead.error.issues, yaml)
      ? schema.safeParse(value, { reportInput: true })
      : asRead;
  const problems = [
    ...given.problems,
    ...(parsed.error ? schemaProblems(schema, parsed.error.issues, locate) : []),
  ];
  if (parsed.success && problems.length === 0) return { value: parsed.data, locate };
  const sound = isObject(value)
    ? { value: soundMembers(value, parsed.error), members: value, locate }
    : undefined;
  return { problems: firstProblems(problems), ...(sound ? { sound } : {}) };
}

function soundMembers(value: object, error: z.ZodError | undefined): object {
  const flawed = new Set(
    error?.issues.flatMap(({ path, ...issue }) =>
      path.length === 0 && issue.code === 'unrecognized_keys' ? issue.keys : String(path[0]),
    ),
  );
  return Object.fromEntries(Object.entries(value).filter(([name]) => !flawed.has(name)));
}

/** Puts the letters in place of what YAML made of them; false where there is nothing of the kind. */
function asTexts(
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  { written }: Extract<ReadYaml, { value: unknown }>,
): boolean {
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== 'invalid_type' || issue.expected !== 'string') continue;
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    const letters = written(path);
    if (letters === undefined || letters === '') continue;
    put(value, path, letters);
    changed = true;
  }
  return changed;
}

function put(value: unknown, path: Path, text: string): void {
  let outer = value as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) outer = outer[step] as Record<string | number, unknown>;
  const last = path.at(-1);
  if (last !== undefined) outer[last] = text;
}
