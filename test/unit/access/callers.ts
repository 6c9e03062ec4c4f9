import type { Authenticator, Client, Grants, Operator } from '../../../src/kernel/actor.ts';
import { KeywardError } from '../../../src/kernel/errors.ts';
import { NOW } from '../../support/payments.ts';

/** Callers by what they may do: their credential says it. */
const client = (id: string): Client => ({ id, description: '', createdAt: NOW, revokedAt: null, grants: [] });
const operator = (id: string, roles: Operator['roles']): Operator => ({
  id,
  roles,
  createdAt: NOW,
  revokedAt: null,
});

const CLIENTS = new Map([
  ['Bearer signs', client('identity')],
  ['Bearer also signs', client('other-identity')],
  ['Bearer verifies', client('relying')],
]);
const OPERATORS = new Map([
  ['Bearer operates', operator('ada', ['operator'])],
  ['Bearer audits', operator('eve', ['auditor'])],
  ['Bearer idles', operator('bob', [])],
  ['Bearer approves', operator('carol', ['approver'])],
  ['Bearer does both', operator('dave', ['operator', 'approver'])],
]);
const GRANTS = new Set(['identity payments sign', 'other-identity payments sign', 'relying payments verify']);

function found<T>(callers: ReadonlyMap<string, T>, authorization: string | undefined): T {
  if (authorization === undefined) throw new KeywardError('credential_missing', 'send a credential');
  if (!authorization.startsWith('Bearer ')) {
    throw new KeywardError('credential_malformed', 'this is no credential of Keyward');
  }
  const caller = callers.get(authorization);
  if (!caller) throw new KeywardError('credential_invalid', 'nobody holds this credential');
  return caller;
}

export const operatorList = (): readonly Operator[] => [...OPERATORS.values()];

export const authenticator: Authenticator = {
  client: (authorization) => found(CLIENTS, authorization),
  clientSecret: ({ clientId, secret }) => {
    const client = found(CLIENTS, `Bearer ${secret}`);
    if (client.id !== clientId) throw new KeywardError('credential_invalid', 'another holds this credential');
    return client;
  },
  operator: (authorization) => found(OPERATORS, authorization),
};

export const grants: Grants = {
  allows: (clientId, scopeId, action) => GRANTS.has(`${clientId} ${scopeId} ${action}`),
};
