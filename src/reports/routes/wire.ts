import { z } from 'zod';
import { KEY_STATES, PROOF_STATUSES } from '../../kernel/key.ts';
import { REFUSAL_REASONS } from '../../kernel/verification.ts';
import { afterNumber, note, wireText } from '../../server/wire.ts';
import { CASE_OUTCOMES, CASE_STATES, CASE_STEPS, type ReportCase } from '../case.ts';
import { REPORT_SUBJECTS, reportSubject, SIGNATURES } from '../findings.ts';

export const caseQuery = afterNumber.extend({
  state: z.enum(CASE_STATES).optional(),
  scope: wireText('give it once')
    .min(1, 'leave it out or give a value')
    .max(64, 'a scope id is shorter')
    .optional(),
});

export const caseNote = z
  .strictObject({ note })
  .meta({ id: 'CaseNote', examples: [{ note: 'asked the relying service for its log' }] });
export const caseClosing = z
  .strictObject({
    outcome: z.enum(CASE_OUTCOMES).meta({
      description:
        '`confirmed`: something was wrong. `harmless`: nothing was. `duplicate`: of another case. `unclear`: it cannot be told.',
    }),
    note,
  })
  .meta({ id: 'CaseClosing', examples: [{ outcome: 'harmless', note: 'a token of a drill' }] });

const trace = z
  .object({
    sequence: z.int().nullable().meta({ description: 'Its place in the ledger.' }),
    scope: z.string(),
    kid: z.string(),
    jti: z.string(),
    client: z.string(),
    iat: z.int(),
    exp: z.int(),
  })
  .meta({ id: 'TokenTrace' });

const issuedAround = z
  .object({
    tokens: z.int(),
    listed: z.array(trace).meta({ description: 'The first of them.' }),
    complete: z.boolean().meta({ description: 'False: it is at least as many.' }),
  })
  .meta({ id: 'IssuedAround' });

const credentialTrace = z
  .object({
    holder: z.string().nullable().meta({ description: 'Null: nobody here ever had it.' }),
    live: z.boolean().meta({ description: 'Whether it opened anything when it was shown.' }),
  })
  .meta({ id: 'CredentialTrace' });

const findings = z
  .object({
    readable: z.boolean(),
    signature: z.enum(SIGNATURES),
    verdict: z.enum(['valid', ...REFUSAL_REASONS]).nullable(),
    key: z
      .object({
        kid: z.string(),
        scope: z.string(),
        state: z.enum(KEY_STATES),
        proof: z.enum(PROOF_STATUSES),
      })
      .nullable(),
    record: trace.nullable().meta({ description: 'Null: the ledger has none.' }),
    revoked: z.boolean(),
    around: z
      .object({ from: z.int(), to: z.int(), client: issuedAround, subject: issuedAround.nullable() })
      .nullable(),
    credentials: z.array(credentialTrace).meta({
      description: 'Those shown, by their checksum of our making; 20 at most. The secret is kept nowhere.',
    }),
    pins: z
      .int()
      .meta({ description: 'How many PINs of HSM tokens were shown, by their checksum of our making.' }),
    failure: z.string().nullable().meta({ description: 'Why some of it could not be found out.' }),
  })
  .meta({ id: 'ReportFindings', description: 'As it was when the report came; no claim of the token.' });

const summary = z.object({
  sequence: z.int(),
  report: z.string().meta({ description: 'The number that the reporter was told.' }),
  scope: z.string(),
  received_at: z.int(),
  state: z.enum(CASE_STATES),
  owner: z.string().nullable(),
  outcome: z.enum(CASE_OUTCOMES).nullable(),
  about: z.enum(REPORT_SUBJECTS).nullable().meta({ description: 'Null until it was looked into.' }),
  digest: z.string().nullable().meta({ description: 'SHA-256 of the signing input of the token shown.' }),
});

export const caseSummary = summary.meta({ id: 'ReportSummary' });

export const reportCase = summary
  .extend({
    text: z.string().nullable(),
    contact: z.string().nullable(),
    erased: z.boolean().meta({ description: 'Whether text and contact were erased.' }),
    findings: findings.nullable(),
    same_token: z
      .array(z.string())
      .meta({ description: 'Numbers of other reports of the same token, 20 at most.' }),
    steps: z.array(
      z.object({
        step: z.enum([...CASE_STEPS, 'erased']),
        by: z.string(),
        at: z.int(),
        outcome: z.enum(CASE_OUTCOMES).nullable(),
        note: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ReportCase' });

export type CaseSummary = z.infer<typeof caseSummary>;
export type CaseAnswer = z.infer<typeof reportCase>;

export function summaryRepresentation(of: ReportCase): CaseSummary {
  const isExamined = of.steps.some(({ kind }) => kind === 'examined');
  return {
    sequence: of.sequence,
    report: of.number,
    scope: of.scopeId,
    received_at: of.receivedAt,
    state: of.state,
    owner: of.owner,
    outcome: of.steps.find(({ kind }) => kind === 'closed')?.outcome ?? null,
    about: isExamined ? reportSubject(of, of.findings) : null,
    digest: of.digest?.toString('base64url') ?? null,
  };
}

export function caseRepresentation(of: ReportCase): CaseAnswer {
  return {
    ...summaryRepresentation(of),
    text: of.suspicion?.text ?? null,
    contact: of.suspicion?.contact ?? null,
    erased: of.suspicion === null,
    same_token: [...of.sameToken],
    // Its shape is the schema's, but for what may be written to.
    findings: of.findings as z.infer<typeof findings> | null,
    steps: stepsOf(of),
  };
}

/** In the order of time, with the erasure among them. */
function stepsOf({ steps, erasure }: ReportCase): CaseAnswer['steps'] {
  const taken = steps.map(({ kind: step, by, at, outcome, note: said }) => ({
    step,
    by,
    at,
    outcome,
    note: said,
  }));
  if (!erasure) return taken;
  const erased = { step: 'erased' as const, ...erasure, outcome: null, note: null };
  return [...taken, erased].sort((one, other) => one.at - other.at);
}
