import { safeJson } from '../lib/json.ts';
import { usageFailure } from './failure.ts';

export const OUTPUT_FORMS = ['json', 'yaml', 'wide', 'name'] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** How an answer is printed for programs. */
export interface Structured {
  readonly whole: (answer: unknown) => string;
  /** One of many that are printed as they come. */
  readonly item: (answer: unknown) => string;
}

/** Undefined for people. */
export async function structuredOutput(form: OutputForm | undefined): Promise<Structured | undefined> {
  if (form === 'json') return { whole: (answer) => safeJson(answer, 2), item: (answer) => safeJson(answer) };
  if (form === 'name') return { whole: (answer) => namesIn(answer).join('\n'), item: nameOf };
  if (form !== 'yaml') return undefined;
  const { stringify } = await import('yaml');
  const yaml = (answer: unknown) => stringify(answer, { lineWidth: 0 }).trimEnd();
  return { whole: yaml, item: (answer) => yaml([answer]) };
}

/** What a thing of each kind is called on the command line; lists bear the plural. */
const NAMES: Readonly<Record<string, string>> = {
  scope: 'id',
  key: 'kid',
  client: 'id',
  operator: 'id',
  proposal: 'id',
  event: 'sequence',
  canary: 'id',
  report: 'report',
  delivery: 'id',
  revocation: 'sequence',
  verifier: 'client',
  probe: 'client',
  context: 'name',
};

const PLURALS: Readonly<Record<string, string>> = { canary: 'canaries', delivery: 'deliveries' };

function namesIn(answer: unknown): readonly string[] {
  const members = answer as Readonly<Record<string, unknown>>;
  for (const [kind, member] of Object.entries(NAMES)) {
    const found = members[PLURALS[kind] ?? `${kind}s`] ?? members[kind];
    if (Array.isArray(found)) return found.map((each) => String(each[member]));
    if (typeof found === 'object' && found !== null) return [String((found as typeof members)[member])];
  }
  throw usageFailure('what this prints has no name; use -o json');
}

/** Of a record of the ledger, or an audit event. */
function nameOf(item: unknown): string {
  const { jti, sequence } = item as { readonly jti?: string; readonly sequence?: number };
  return String(jti ?? sequence);
}
