import { stringify } from 'yaml';
import { ACTIONS } from '../domain/client.ts';
import { FIRST_TOKEN } from '../domain/hsm-token.ts';
import { policyRepresentation } from '../keys/policy-schema.ts';
import type { Document } from './document.ts';
import type { Current, CurrentClient, CurrentScope } from './step.ts';

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

function scopeEntry({ issuer, audience, algorithm, modulusBits, hsmToken, policy, contacts }: CurrentScope) {
  return {
    issuer,
    audience,
    algorithm,
    ...(modulusBits === null ? {} : { modulus_bits: modulusBits }),
    ...(hsmToken === FIRST_TOKEN ? {} : { hsm_token: hsmToken }),
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
  return list.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
