import { z } from 'zod';
import type { Authenticator, Role } from '../../kernel/actor.ts';
import { actorOf, jsonBody, READING } from '../../server/admission.ts';
import { readJson } from '../../server/read-body.ts';
import { CODES, json, problems } from '../../server/responses.ts';
import type { Route } from '../../server/route.ts';
import { sendJson } from '../../server/send.ts';
import type { Reviews } from '../review.ts';
import {
  currentAnswer,
  listAnswer,
  reviewRepresentation,
  signedOff,
  signedOffRepresentation,
  signOff,
  standingRepresentation,
} from './wire.ts';

interface AdministeredReviews {
  readonly authenticator: Authenticator;
  readonly reviews: Reviews;
}

/** To have looked is an auditor's office, and an operator's where there is none. */
const SIGNING: readonly Role[] = ['auditor', 'operator'];
const LIMITS = { maxBytes: 16 * 1024, maxDepth: 4, tooDeep: 'malformed_json' } as const;

const currentReview: Route<AdministeredReviews> = {
  method: 'get',
  path: '/v1/admin/reviews/current',
  operation: {
    operationId: 'currentReview',
    summary: 'What a person should look at since the last review that was signed off; any role',
    description:
      'At most 20,000 events of the audit trail and 35 days; 20 of each list, the others counted. Days and hours are UTC.',
    security: [{ operator: [] }],
    responses: {
      ...json(
        '200',
        'The review, and its digest: SHA-256 over its JSON with sorted members and no spaces, base64url',
        currentAnswer,
      ),
      ...problems(CODES.operator, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, reviews }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, READING, request, response);
      const shown = await reviews.current(actor);
      sendJson(response, 200, {
        review: reviewRepresentation(shown.review),
        digest: shown.digest,
        acts: shown.acts,
        own_acts: shown.ownActs,
        ...standingRepresentation(reviews.standing()),
      });
    },
};

const listReviews: Route<AdministeredReviews> = {
  method: 'get',
  path: '/v1/admin/reviews',
  operation: {
    operationId: 'listReviews',
    summary: 'Reviews that were signed off, the newest first, and when the next is overdue; any role',
    security: [{ operator: [] }],
    responses: {
      ...json('200', 'The last hundred', listAnswer),
      ...problems(CODES.operator, ['store_unavailable']),
    },
  },
  handler:
    ({ authenticator, reviews }) =>
    async (request, response) => {
      actorOf(authenticator, READING, request, response);
      await reviews.refresh();
      sendJson(response, 200, {
        reviews: reviews.list().map(signedOffRepresentation),
        ...standingRepresentation(reviews.standing()),
      });
    },
};

const signOffReview: Route<AdministeredReviews> = {
  method: 'post',
  path: '/v1/admin/reviews',
  operation: {
    operationId: 'signOffReview',
    summary: 'Sign off what was shown to you; role `auditor` or `operator`',
    security: [{ operator: [] }],
    requestBody: jsonBody(signOff, LIMITS),
    responses: {
      ...json('201', 'It is in the audit trail', z.object({ review: signedOff })),
      ...problems(CODES.operator, CODES.body, CODES.schema, [
        'review_unseen',
        'review_signed_off',
        'store_unavailable',
      ]),
    },
  },
  handler:
    ({ authenticator, reviews }) =>
    async (request, response) => {
      const actor = actorOf(authenticator, SIGNING, request, response);
      const signing = await readJson(request, { schema: signOff, ...LIMITS });
      const signed = await reviews.signOff(signing, actor);
      sendJson(response, 201, { review: signedOffRepresentation(signed) });
    },
};

export const adminReviewRoutes = [currentReview, listReviews, signOffReview];
