import { stringify } from 'yaml';
import { ACTIONS, DESCRIPTION_ADVICE, isDescription } from '../kernel/actor.ts';
import { DEFAULT_ALGORITHM, isRsa, MODULUS_BITS } from '../kernel/algorithm.ts';
import { FIRST_TOKEN } from '../kernel/key.ts';
import type { ValidationIssue } from '../kernel/policy.ts';
import { contactFlaws, identityFlaws } from '../kernel/scope.ts';
import { policyRepresentation } from '../keys/policy-schema.ts';
import { compareText } from '../lib/text.ts';
import { firstProblems, type Locate, type Problem, problemOf } from '../yaml-file/problem.ts';
import { readYaml } from '../yaml-file/read-yaml.ts';
import { schemaProblems } from '../yaml-file/schema-problems.ts';
import {
  type Current,
  type CurrentClient,
  type CurrentScope,
  type Document,
  document,
  type ScopeEntry,
} from './document.ts';

export const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** Finding the place of each takes time with the length of the file. */
const MOST_FLAWS = 100;

type ReadDocument =
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

const HEAD = `# What Keyward holds, for \`keyward plan -f\` and \`keyward apply -f\`. For editors:
# yaml-language-server: $schema=keyward-scopes.schema.json
`;

/** What the service has, as a file that says so; a plan of it has nothing to do. */
export function documentOf({ scopes, clients }: Current): Document {
  return {
    complete: false,
    scopes: Object.fromEntries(byId(scopes).map((scope) => [scope.id, scopeEntry(scope)])),
    clients: Object.fromEntries(
      byId(clients)
        .filter(({ revoked }) => !revoked)
        .map((client) => [client.id, clientEntry(client)]),
    ),
  };
}

export function writeDocument(document: Document): string {
  return HEAD + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

function scopeEntry(of: CurrentScope) {
  const { issuer, audience, algorithm, modulusBits, hsmToken, standbyToken, policy, contacts } = of;
  return {
    issuer,
    audience,
    algorithm,
    ...(modulusBits === null ? {} : { modulus_bits: modulusBits }),
    ...(hsmToken === FIRST_TOKEN ? {} : { hsm_token: hsmToken }),
    ...(standbyToken === null ? {} : { standby_token: standbyToken }),
    policy: policyRepresentation(policy),
    contacts: [...contacts],
  };
}

function clientEntry({ description, grants }: CurrentClient) {
  const scopes = [...new Set(grants.map(({ scope }) => scope))].sort();
  const held = (scope: string) =>
    ACTIONS.filter((action) => grants.some((grant) => grant.scope === scope && grant.action === action));
  return { description, grants: Object.fromEntries(scopes.map((scope) => [scope, held(scope)])) };
}

function byId<T extends { readonly id: string }>(list: readonly T[]): readonly T[] {
  return list.toSorted((one, other) => compareText(one.id, other.id));
}
