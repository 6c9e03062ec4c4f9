import { DEFAULT_ALGORITHM, isRsa, MODULUS_BITS } from '../kernel/algorithm.ts';
import { DESCRIPTION_ADVICE, isDescription } from '../domain/client.ts';
import { contactFlaws } from '../domain/contacts.ts';
import { identityFlaws } from '../kernel/scope.ts';
import type { ValidationIssue } from '../domain/validation-issue.ts';
import { firstProblems, type Locate, type Problem, problemOf } from '../yaml-file/problem.ts';
import { readYaml } from '../yaml-file/read-yaml.ts';
import { schemaProblems } from '../yaml-file/schema-problems.ts';
import { type Document, document, type ScopeEntry } from './document.ts';

export const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Finding the place of each takes time with the length of the file. */
const MOST_FLAWS = 100;

export type ReadDocument =
  | { readonly document: Document; readonly locate: Locate; readonly problems?: never }
  | { readonly problems: readonly Problem[] };

/**
 * Reads a provisioning file, YAML or JSON. Never throws: what is wrong is answered, the first twenty things of it
 * in the order of the text.
 */
export function readDocument(text: string): ReadDocument {
  if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES) {
    return { problems: [{ line: 1, column: 1, message: 'the file is larger than 1 MiB' }] };
  }
  const yaml = readYaml(text);
  if (yaml.problems) return yaml;
  const parsed = document.safeParse(yaml.value ?? {}, { reportInput: true });
  const problems = parsed.success
    ? scopeProblems(parsed.data, yaml.locate)
    : schemaProblems(document, parsed.error.issues, yaml.locate);
  if (problems.length > 0) return { problems: firstProblems(problems) };
  return { document: parsed.data as Document, locate: yaml.locate };
}

/** What the schema cannot say; a policy is judged once it is known what it changes. */
function scopeProblems({ scopes, clients }: Document, locate: Locate): readonly Problem[] {
  const flaws = [
    ...Object.entries(scopes).flatMap(([id, entry]) => flawsOf(id, entry)),
    ...Object.entries(clients).flatMap(([id, { description, grants = {} }]) => [
      ...descriptionFlaws(id, description),
      ...Object.entries(grants).flatMap(([scope, actions]) =>
        repeated(['clients', id, 'grants', scope], actions),
      ),
    ]),
  ];
  return flaws.slice(0, MOST_FLAWS).map((flaw) => problemOf(flaw, locate));
}

function flawsOf(id: string, entry: ScopeEntry): readonly ValidationIssue[] {
  const algorithm = entry.algorithm ?? DEFAULT_ALGORITHM;
  const modulusBits = entry.modulus_bits ?? (isRsa(algorithm) ? MODULUS_BITS[0] : null);
  // Of a scope that exists and whose algorithm is left out, nothing is known here.
  const size = entry.algorithm === undefined ? { modulusBits: null } : { modulusBits };
  return [
    ...identityFlaws({ id, issuer: entry.issuer, audience: entry.audience, algorithm, ...size }),
    ...contactFlaws(entry.contacts ?? []),
  ].map(({ path, advice }) => ({ path: ['scopes', id, ...path], advice }));
}

function repeated(path: readonly string[], actions: readonly string[]): readonly ValidationIssue[] {
  return actions.flatMap((action, at) =>
    actions.indexOf(action) < at ? [{ path: [...path, at], advice: 'name each action once' }] : [],
  );
}

function descriptionFlaws(id: string, description: string | undefined): readonly ValidationIssue[] {
  if (description === undefined || isDescription(description)) return [];
  return [{ path: ['clients', id, 'description'], advice: DESCRIPTION_ADVICE }];
}
