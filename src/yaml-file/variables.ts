import { z } from 'zod';
import { didYouMean } from '../lib/did-you-mean.ts';
import { messageOf, type Path, type Problem } from './problem.ts';
import { alternatives, membersOf } from './schema-problems.ts';

/** Names and values of environment variables. */
export type Variables = Readonly<Record<string, string>>;

const PREFIX = 'KEYWARD_';
const NESTED = '__';

/** One member that a variable gives. */
interface GivenMember {
  readonly path: Path;
  readonly variable: string;
  readonly value: unknown;
}

interface Given {
  readonly members: readonly GivenMember[];
  readonly problems: readonly Problem[];
}

/** A member that is no section: what one variable can give. */
interface Leaf {
  readonly path: Path;
  readonly schema: z.core.$ZodType;
}

/** `limits.drain_seconds` as `KEYWARD_LIMITS__DRAIN_SECONDS`. */
export function variableOf(path: Path): string {
  return PREFIX + path.map((step) => String(step).toUpperCase()).join(NESTED);
}

/** Every member of the schema that stands by its own name, in the schema's order. */
export function leavesOf(schema: z.core.$ZodType, path: Path = []): readonly Leaf[] {
  const [section, ...others] = alternatives(schema);
  if (!(section instanceof z.ZodObject) || others.length > 0) return [{ path, schema }];
  return membersOf(section).flatMap((name) => leavesOf(section.shape[name], [...path, name]));
}

/**
 * What the variables say, by the schema: text as it is, a list as JSON or separated by commas, anything else as JSON.
 * `inFileOnly`: paths that are refused, with the reason.
 */
export function readVariables(
  schema: z.core.$ZodType,
  variables: Variables,
  inFileOnly: Readonly<Record<string, string>>,
): Given {
  const leaves = new Map(leavesOf(schema).map((leaf) => [variableOf(leaf.path), leaf]));
  const members: GivenMember[] = [];
  const problems: Problem[] = [];
  for (const [variable, text] of Object.entries(variables)) {
    const leaf = leaves.get(variable);
    const reason = inFileOnly[leaf?.path.join('.') ?? ''];
    if (!leaf) problems.push(problemAt(variable, unknown(variable, [...leaves.keys()])));
    else if (reason !== undefined) problems.push(problemAt(variable, reason));
    else members.push({ path: leaf.path, variable, value: valueIn(text, leaf.schema) });
  }
  return { members, problems };
}

function unknown(variable: string, names: readonly string[]): string {
  const inSection = names.filter((name) => name.startsWith(variable + NESTED));
  if (inSection.length > 0) return `is a section; use ${inSection.join(', ')}`;
  const meant = didYouMean(variable, names);
  const advice = meant === undefined ? 'keyward config schema shows every member' : `did you mean ${meant}?`;
  return `is not known; ${advice}`;
}

function problemAt(variable: string, message: string): Problem {
  return { variable, line: 0, column: 0, message: messageOf([variable], message) };
}

/** Text that does not read as what the schema asks for stays text, and the schema refuses it. */
function valueIn(text: string, schema: z.core.$ZodType): unknown {
  const found = alternatives(schema);
  const isOf = (...kinds: readonly z.core.$ZodTypeDef['type'][]) =>
    found.some((each) => kinds.includes(each._zod.def.type));
  if (isOf('array') && !text.trimStart().startsWith('[')) {
    return text === '' ? [] : text.split(',').map((each) => each.trim());
  }
  return isOf('string', 'enum') ? text : jsonOr(text);
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Puts the members into the document, in place of the file's; false where the file has no section to hold one. */
export function putMembers(document: unknown, members: readonly GivenMember[]): void {
  for (const { path, value } of members) {
    let outer = document;
    for (const step of path.slice(0, -1)) {
      if (!isSection(outer)) break;
      outer[step] ??= {};
      outer = outer[step];
    }
    const last = path.at(-1);
    if (isSection(outer) && last !== undefined) outer[last] = value;
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The variable that gave the member at this path, or the one around it. */
export function variableAt(members: readonly GivenMember[], path: Path): string | undefined {
  return members.find((each) => each.path.every((step, at) => step === path[at]))?.variable;
}
