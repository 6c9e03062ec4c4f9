import type { z } from 'zod';
import type { Locate, Path, Problem } from './problem.ts';
import { firstProblems } from './problem.ts';
import { type ReadYaml, readYaml } from './read-yaml.ts';
import { schemaProblems } from './schema-problems.ts';

export type ReadYamlAs<T> =
  | { readonly value: T; readonly locate: Locate; readonly problems?: never }
  | { readonly problems: readonly Problem[] };

/**
 * A text of YAML as the schema has it, or what is wrong, the first twenty things of it in the order of the text. Where
 * the schema asks for text, a number is what was written: `12e45678`. Never throws.
 */
export function readYamlAs<T>(schema: z.ZodType<T>, text: string): ReadYamlAs<T> {
  const yaml = readYaml(text);
  if (yaml.problems) return yaml;
  const value = yaml.value ?? {};
  const asRead = schema.safeParse(value, { reportInput: true });
  const parsed =
    asRead.error && asTexts(value, asRead.error.issues, yaml)
      ? schema.safeParse(value, { reportInput: true })
      : asRead;
  if (parsed.success) return { value: parsed.data, locate: yaml.locate };
  return { problems: firstProblems(schemaProblems(schema, parsed.error.issues, yaml.locate)) };
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
