import { EVIDENCE_FIELDS } from '../../kernel/event-evidence.ts';

type Evidence = Readonly<Record<string, unknown>>;

const FIELDS: Readonly<Record<string, { readonly kind: string }>> = EVIDENCE_FIELDS;

/** Without objects, which come from tokens and records and may speak of persons, and without what no field names. */
export function shareableEvidence(evidence: Evidence): Evidence {
  return Object.fromEntries(
    Object.entries(evidence).filter(([name]) => FIELDS[name] !== undefined && FIELDS[name].kind !== 'object'),
  );
}
