import { hash } from 'node:crypto';
import { z } from 'zod';
import type { LeakPartners } from '../../access/partners.ts';
import {
  digestOfMadePin,
  type KnownSecret,
  type LeakQuery,
  type LeakReporter,
  type LeakService,
  readCredential,
} from '../../kernel/credential.ts';
import { KeywardError } from '../../kernel/errors.ts';
import { admitAnyone, jsonBody } from '../../server/admission.ts';
import { readText } from '../../server/body.ts';
import { parseJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { ApiRequest, ApiResponse, Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { parseToken } from '../../token/parse-token.ts';
import { digestOf } from '../../token/signing-input.ts';
import type { PartnerReports, ReportAnswer } from '../partners.ts';
import { type partnerFeedback as feedbackSchema, partnerFeedback, partnerReport } from './wire.ts';

interface LeakParts {
  readonly leaks: LeakService;
  readonly leakPartners: LeakPartners;
  readonly leakReports: PartnerReports;
}

const BODY = {
  schema: partnerReport,
  maxBytes: 1024 * 1024,
  maxDepth: 8,
  tooDeep: 'malformed_json',
} as const;
const KEY_ID = 'Github-Public-Key-Identifier';
const SIGNATURE = 'Github-Public-Key-Signature';
type Report = z.infer<typeof partnerReport>;

/** Found strings in the form of the public secret-scanning partner programmes, signed by one of the partners. */
export const reportLeaks: Route<LeakParts> = {
  method: 'post',
  path: '/v1/leaks',
  operation: {
    operationId: 'reportLeaks',
    summary: 'Report credentials, tokens and PINs that were found in public; signed by a configured partner',
    description:
      'What was given out here is revoked at once: a token alone, a credential with its client or operator. A `kw_pin_…` with the right checksum raises an event; the service does not compare it with any PIN. Sending it again changes nothing.',
    requestParams: {
      header: z.object({
        [KEY_ID]: z.string().meta({ description: 'Which of the partner’s keys signed.' }),
        [SIGNATURE]: z
          .string()
          .meta({ description: 'ECDSA with P-256 and SHA-256 over the body; DER, base64.' }),
      }),
    },
    requestBody: jsonBody(partnerReport, BODY),
    responses: {
      ...json(
        '200',
        'For each, in order, whether it was given out here; for a `kw_pin_…`, whether its checksum is right',
        partnerFeedback,
      ),
      ...problems(
        ['credential_missing', 'credential_invalid', 'rate_limited', 'batch_too_large'],
        ['ledger_unavailable', 'store_unavailable'],
        CODES.body,
        CODES.schema,
      ),
    },
  },
  handler: (deps) => async (request, response) => {
    await admitAnyone(request, response);
    const { partner, text } = await authenticated(deps, request, response);
    const report = parseJson(text, BODY);
    const { requestId, traceId } = response.locals;
    const by = { reportedBy: partner, remote: request.ip, requestId, traceId };
    const known = await deps.leakReports.answer(partner, text, () => withdrawAll(deps.leaks, report, by));
    sendJson(response, 200, feedback(report, known));
  },
};

type Reporter = Omit<LeakReporter, 'places'> & {
  readonly reportedBy: string;
  readonly traceId: string | undefined;
};

async function withdrawAll(leaks: LeakService, report: Report, by: Reporter): Promise<ReportAnswer> {
  const known = await findAll(leaks, report, by);
  const { reportedBy, requestId, traceId } = by;
  const actor = { operatorId: reportedBy, requestId, traceId };
  for (const [at, { url, source }] of report.entries()) {
    const secret = known[at];
    if (!secret) continue;
    const place = { place: printable(url), source: printable(source), reportedBy };
    await leaks.withdraw(secret, place, actor);
  }
  const pins = report.map(({ token, url, source }) => {
    const digest = digestOfMadePin(token);
    return digest && { digest, place: printable(url), source: printable(source) };
  });
  const found = pins.filter((pin) => pin !== undefined);
  if (found.length > 0) await leaks.reportPins(found, actor);
  return report.map((_, at) => (known[at] ?? pins[at]) !== undefined);
}

async function authenticated({ leakPartners }: LeakParts, request: ApiRequest, response: ApiResponse) {
  const [keyId, signature] = [request.get(KEY_ID), request.get(SIGNATURE)];
  if (!keyId || !signature) throw new KeywardError('credential_missing', `send ${KEY_ID} and ${SIGNATURE}`);
  if (!leakPartners.knows(keyId)) throw foreign();
  const text = await readText(request, 'application/json', BODY.maxBytes);
  const name = leakPartners.partnerOf({ keyId, signature, body: Buffer.from(text) });
  if (name === undefined) throw foreign();
  const partner = `partner:${name}`;
  response.locals.caller = partner;
  return { partner, text };
}

function foreign(): KeywardError {
  return new KeywardError('credential_invalid', 'no key of a configured partner signed this body');
}

/** What is neither a credential nor a token is not looked up. */
async function findAll(
  leaks: LeakService,
  report: Report,
  by: Reporter,
): Promise<readonly (KnownSecret | undefined)[]> {
  const asked = report.flatMap(({ token, url }, at) => {
    const query = queryOf(token);
    return query ? [{ at, query, place: printable(url) }] : [];
  });
  const answers = await leaks.find(
    asked.map(({ query }) => query),
    { ...by, places: asked.map(({ place }) => place) },
  );
  const found = new Map(asked.map(({ at }, each) => [at, answers[each]]));
  return report.map((_, at) => found.get(at));
}

function queryOf(token: string): LeakQuery | undefined {
  const credential = readCredential(token);
  if (credential !== 'malformed') return { of: 'credential', digest: credential.digest };
  const parsed = parseToken(token);
  if (!parsed.ok) return undefined;
  const { claims, signingInput } = parsed.token;
  if (typeof claims.iat !== 'number') return undefined;
  return { of: 'token', digest: digestOf(signingInput), iat: Math.floor(claims.iat) };
}

function feedback(report: Report, known: ReportAnswer): z.infer<typeof feedbackSchema> {
  return report.map(({ token, type }, at) => ({
    token_hash: hash('sha256', token, 'hex'),
    token_type: type,
    label: known[at] ? 'true_positive' : 'false_positive',
  }));
}

/** It is shown to people and stands in evidence. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd').slice(0, 512);
}
