import { z } from 'zod';
import { type KeyRing, requireScope } from '../../kernel/key.ts';
import { admitAnyone, jsonBody } from '../../server/admission.ts';
import { wideNetworkOf } from '../../server/connections.ts';
import { addressBuckets, limiter, refuse } from '../../server/limits.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { ApiRequest, ApiResponse, Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import { wireText } from '../../server/wire.ts';
import type { ReportAlarm } from '../alarm.ts';
import type { ReportIntake } from '../intake.ts';

export interface PublicReports {
  readonly keyRing: Pick<KeyRing, 'scope'>;
  readonly intake: ReportIntake;
  readonly limits: ReportLimits;
}

export const MOST_CHARACTERS = { token: 12_000, text: 4_000, contact: 200 } as const;

/** What stands before a token where somebody copied the whole header, and the line breaks of a mail. */
function bareToken(token: string): string {
  return token.replace(/^\s*bearer\s/i, '').replaceAll(/\s/g, '');
}

const text = (member: keyof typeof MOST_CHARACTERS) =>
  wireText('say it as text')
    .overwrite((given) => given.replaceAll('\r\n', '\n').trim())
    .max(MOST_CHARACTERS[member], `use at most ${MOST_CHARACTERS[member]} characters`);
const orNull = (value: string | undefined) => (value === undefined || value === '' ? null : value);

/** A member that is empty counts as left out. */
export const reportRequest = z
  .strictObject({
    token: text('token')
      .transform(bareToken)
      .optional()
      .transform(orNull)
      .meta({ description: 'The token, where there is one; a digest of it is kept, never the token.' }),
    text: text('text').optional().transform(orNull).meta({ description: 'What happened.' }),
    contact: text('contact')
      .optional()
      .transform(orNull)
      .meta({ description: 'How to reach the person who reports; it can be erased.' }),
  })
  .refine(({ token, text }) => token !== null || text !== null, {
    message: 'give the token, or say in a few words what happened',
    path: ['text'],
  })
  .meta({
    id: 'ReportRequest',
    examples: [{ text: 'I was signed out, and somebody else was signed in.', contact: 'ada@example.org' }],
  });

type ReportRequest = z.infer<typeof reportRequest>;

/** The fields of the page. */
export const reportForm = z
  .looseObject({
    token: wireText().max(MOST_CHARACTERS.token).optional(),
    text: wireText().max(MOST_CHARACTERS.text).optional(),
    contact: wireText().max(MOST_CHARACTERS.contact).optional(),
  })
  .meta({ id: 'ReportForm' });

const reportAnswer = z
  .object({ report: z.string().meta({ description: 'The number of the case.', examples: ['7Q3K-M2XD'] }) })
  .meta({ id: 'ReportAnswer' });

/** The part of the configuration's `reports` that the public routes obey. */
export interface ReportLimitSettings {
  readonly per_network_per_hour: number;
  readonly per_minute: number;
  readonly per_day: number;
}

/** Each method fails with `rate_limited`, so that reports stand in the way of nothing else. */
export interface ReportLimits {
  /** Before anything of a report is read. */
  from(address: string | undefined): Promise<void>;
  /** Before a report is kept, whoever it is from. */
  inAll(): Promise<void>;
}

const HOUR_SECONDS = 3_600;
const DAY_HOURS = 24;
/** Of a day's reports, for whoever has a /48 or a /24 to come from: less than an hour's. */
const WIDE_SHARE = 1 / 40;

/** A day's reports are given out by the hour, so that whoever uses them up shuts out the others no longer than that. */
export function createReportLimits(
  settings: ReportLimitSettings,
  alarm: Pick<ReportAlarm, 'refused'>,
): ReportLimits {
  const { per_network_per_hour, per_minute, per_day } = settings;
  const network = limiter(per_network_per_hour, HOUR_SECONDS);
  const wide = limiter(
    Math.max(per_network_per_hour, Math.floor(per_day * WIDE_SHARE)),
    DAY_HOURS * HOUR_SECONDS,
  );
  const minute = limiter(per_minute, 60);
  const hour = limiter(Math.ceil(per_day / DAY_HOURS), HOUR_SECONDS);
  const bucketOf = addressBuckets();
  const wideBucketOf = addressBuckets(wideNetworkOf);
  const turnAway = (shared: boolean) => (thrown: unknown) => {
    alarm.refused({ shared });
    return refuse(thrown);
  };
  return {
    async from(address) {
      await network.consume(bucketOf(address)).catch(turnAway(false));
      await wide.consume(wideBucketOf(address)).catch(turnAway(true));
    },
    async inAll() {
      await minute.consume('all').catch(turnAway(true));
      await hour.consume('all').catch(turnAway(true));
    },
  };
}

const BODY = {
  schema: reportRequest,
  maxBytes: 64 * 1024,
  maxDepth: 1,
  tooDeep: 'malformed_json',
} as const;

/** What anybody suspects. The answer is the same whatever the token is: it is looked into afterwards. */
export const receiveReport: Route<PublicReports> = {
  method: 'post',
  path: '/v1/scopes/{scope}/reports',
  operation: {
    operationId: 'receiveReport',
    summary: 'Report a token, or whatever looks wrong; anyone, without an account',
    description: 'The answer tells nothing of the token, not even whether there is one.',
    requestBody: jsonBody(reportRequest, BODY),
    responses: {
      ...json('201', 'The number of the case, to be quoted when asking about it', reportAnswer),
      ...problems(['unknown_scope', 'rate_limited', 'store_unavailable'], CODES.body, CODES.schema),
    },
  },
  handler: (deps) => async (request, response) => {
    const scopeId = await admitReporter(deps, request, response);
    const report = await fileReport(deps, scopeId, await readJson(request, BODY), response);
    sendJson(response, 201, { report });
  },
};

/** Whoever it is has a share; which scopes there are costs them more here than asking for key sets. */
export async function admitReporter(
  { keyRing, limits }: PublicReports,
  request: ApiRequest,
  response: ApiResponse,
): Promise<string> {
  await admitAnyone(request, response);
  await limits.from(request.ip);
  return requireScope(keyRing, request.params.scope ?? '').id;
}

/** Answers the number of the case. */
export async function fileReport(
  { intake, limits }: PublicReports,
  scopeId: string,
  report: ReportRequest,
  { locals: { requestId, traceId } }: ApiResponse,
): Promise<string> {
  await limits.inAll();
  return intake.receive({ ...report, scopeId, requestId, traceId });
}
