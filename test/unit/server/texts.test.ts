import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { API_ROUTES } from '../../../src/api/routes.ts';
import type { Described } from '../../../src/server/openapi.ts';
import { dataPlane, operationsPlane } from '../../support/on-loopback.ts';

interface Text {
  /** Route and member. */
  readonly place: string;
  readonly schema: z.ZodType;
}

/** What holds no text, or text that only its handler reads: claims go into tokens and JSON. */
const WITHOUT_TEXT = new Set(['boolean', 'enum', 'literal', 'null', 'number', 'unknown']);

/** Every text that the schema takes. One that is transformed is judged as a whole. */
function textsIn(place: string, schema: z.ZodType): readonly Text[] {
  const { def } = schema as z.ZodType & { readonly def: { readonly type: string } };
  const of = def as unknown as Readonly<Record<string, z.ZodType>> & { readonly type: string };
  const inner = of.innerType ?? of.in;
  switch (of.type) {
    case 'string':
      return [{ place, schema }];
    case 'object': {
      const shape = of.shape as unknown as Readonly<Record<string, z.ZodType>>;
      return Object.entries(shape).flatMap(([name, member]) => textsIn(`${place} ${name}`, member));
    }
    case 'array':
      return textsIn(`${place}[]`, of.element as z.ZodType);
    case 'record':
      return textsIn(`${place}{}`, of.valueType as z.ZodType);
    case 'union':
      return (of.options as unknown as readonly z.ZodType[]).flatMap((option) => textsIn(place, option));
    default:
      if (inner) return textsIn(place, inner);
      if (WITHOUT_TEXT.has(of.type)) return [];
      throw new Error(`${place}: nothing is known of the texts of ${of.type}`);
  }
}

function requestsOf({ method, path, operation }: Described): readonly Text[] {
  const { requestBody, requestParams = {} } = operation;
  // Node refuses it in a header.
  const { header: _, ...params } = requestParams;
  const bodies = requestBody && 'content' in requestBody ? Object.values(requestBody.content) : [];
  const schemas = [...bodies.map((body) => body?.schema), ...Object.values(params)];
  return schemas.flatMap((schema) => textsIn(`${method} ${path}`, schema as z.ZodType));
}

const TEXTS = [...API_ROUTES.data, ...API_ROUTES.operations]
  .flatMap(requestsOf)
  // A claim, which the domain judges; a policy is kept as JSON.
  .filter(({ place }) => !place.endsWith(' policy root_claim'));

describe('U+0000, which one engine cannot store', () => {
  it.each(TEXTS)('is refused in $place', ({ schema }) => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(schema.safeParse(`${before}\0${after}`).success).toBe(false);
      }),
    );
  });
});

describe('a request with U+0000', () => {
  const path = '/v1/scopes/payments/reports';

  it('is refused by the name of its member, and taken without', async () => {
    const http = await dataPlane();
    const { status, body } = await http.post(path).send({ text: 'odd\0', contact: 'ada' });
    expect([status, body.code, body.detail]).toEqual([422, 'invalid_request', 'text: leave out U+0000']);
    expect((await http.post(path).send({ text: 'odd', contact: 'ada' })).status).toBe(201);
  });

  it('is refused for its path, whoever asks', async () => {
    const http = await operationsPlane();
    const shown = async (report: string) => {
      const { status, body } = await http
        .get(`/v1/admin/reports/${report}`)
        .set('Authorization', 'Bearer operates');
      return [status, body.code];
    };
    expect(await shown('7Q3K%00')).toEqual([400, 'malformed_request']);
    expect(await shown('7Q3K')).not.toEqual([400, 'malformed_request']);
  });
});
