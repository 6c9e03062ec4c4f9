import type { z } from 'zod';
import type { Act } from '../../domain/act-gate.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { LedgerErasure } from '../../domain/ledger-search.ts';
import type { RevocationAdministration } from '../../domain/revocation.ts';
import { ledgerErasure } from '../schemas/ledger.ts';
import { revocationRepresentation, revocationRequest, ruleOf } from '../schemas/revocation.ts';
import { validated } from '../validated.ts';

export interface LedgerActParts {
  readonly revocations: RevocationAdministration;
  readonly ledger: { readonly erasure: LedgerErasure };
}

export function addRevocation({ revocations }: LedgerActParts): Act<'revocation.add', JsonObject> {
  return {
    name: 'revocation.add',
    read: (given) => ({ ...validated(revocationRequest, given) }) as JsonObject,
    plan: (parameters) => ({ subject: 'revocations', before: null, after: parameters }),
    async execute(parameters, actor) {
      const given = validated(revocationRequest, parameters);
      const added = await revocations.revoke(ruleOf(given), given.reason, actor);
      return { revocation: revocationRepresentation(added) };
    },
  };
}

export function eraseSubject({ ledger }: LedgerActParts): Act<'ledger.erase', z.infer<typeof ledgerErasure>> {
  return {
    name: 'ledger.erase',
    read: (given) => validated(ledgerErasure, given),
    // Whom it erases is told to nobody.
    plan: () => ({ subject: 'ledger', before: null, after: null }),
    async execute({ subject }, actor) {
      const { records, events, reports } = await ledger.erasure.eraseSubject(subject, actor);
      return { records, security_events: events, reports };
    },
  };
}
