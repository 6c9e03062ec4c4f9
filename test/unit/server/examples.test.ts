import { expect, test } from 'vitest';
import type { z } from 'zod';
import { API_ROUTES } from '../../../src/api/routes.ts';
import type { ErrorCode } from '../../../src/kernel/errors.ts';
import type { Body, MediaType, Operation } from '../../../src/server/api-document.ts';
import { withExamples } from '../../../src/server/examples.ts';
import { describeApi } from '../../../src/server/openapi.ts';
import { PROBLEMS } from '../../../src/server/problem.ts';
import { problem } from '../../../src/server/wire.ts';

type Plane = keyof typeof API_ROUTES;
const PLANES = Object.keys(API_ROUTES) as readonly Plane[];
const describedPath = ({ path }: { readonly path: string }) => !path.endsWith('/');

/** Each body of the description beside the schema that the route itself has for it. */
function* bodies(plane: Plane) {
  const { paths = {} } = describeApi(plane, API_ROUTES[plane]);
  for (const { method, path, operation } of API_ROUTES[plane].filter(describedPath)) {
    const described = paths[path]?.[method] as Operation;
    const declared = operation as object as Operation;
    yield* media(`${method} ${path}`, described.requestBody, declared.requestBody);
    for (const [status, body] of Object.entries(described.responses ?? {})) {
      yield* media(`${method} ${path} ${status}`, body, declared.responses?.[status]);
    }
  }
}

function* media(of: string, described: Body = {}, declared: Body = {}) {
  for (const [type, { example, examples }] of Object.entries(described.content ?? {})) {
    const schema = declared.content?.[type]?.schema as z.ZodType | undefined;
    yield { of: `${of} ${type}`, type, example, examples, schema, description: described.description };
  }
}

test.each(PLANES)('each body of the %s plane has an example that its route takes as it is', (plane) => {
  let parsed = 0;
  for (const { of, type, example, schema } of bodies(plane)) {
    if (type === 'application/problem+json' || type === 'text/event-stream') continue;
    expect([of, schema?.safeParse(example)]).toMatchObject([of, { success: true }]);
    // A schema may add what is left out; what it would take away or change is no good example.
    if (typeof example === 'object')
      expect([of, schema?.parse(example)]).toMatchObject([of, example as object]);
    parsed++;
  }
  expect(parsed).toBeGreaterThan(40);
});

test.each(PLANES)('each problem that the %s plane names is shown as it is answered', (plane) => {
  const { components } = describeApi(plane, API_ROUTES[plane]);
  const shown = components?.examples as Readonly<Record<string, { summary: string; value: unknown }>>;
  const named = new Set<string>();
  for (const { of, type, examples = {}, description = '' } of bodies(plane)) {
    if (type !== 'application/problem+json') continue;
    const codes = Array.from(description.matchAll(/`(\w+)`/g), ([, code = '']) => code);
    expect([of, Object.keys(examples)]).toEqual([of, codes]);
    for (const code of codes) named.add(code);
  }
  expect(Object.keys(shown).sort()).toEqual([...named].sort());
  for (const [code, { value }] of Object.entries(shown)) {
    const { status, title } = PROBLEMS[code as ErrorCode];
    expect(problem.parse(value)).toMatchObject({ code, status, title });
  }
});

test.each(PLANES)('each stream of the %s plane has an example of an event', (plane) => {
  const { paths = {} } = describeApi(plane, API_ROUTES[plane]);
  const streams = API_ROUTES[plane].filter(({ events }) => events);
  expect(streams).toHaveLength(1);
  for (const { path, events = {} } of streams) {
    const stream = paths[path]?.get?.responses?.['200']?.content?.['text/event-stream'] as MediaType;
    const { event, data } = stream.example as { event: string; data: string };
    expect(events[event]?.parse(JSON.parse(data))).toEqual(JSON.parse(data));
  }
});

const described = (schema: object) =>
  withExamples({
    paths: { '/': { get: { responses: { 200: { content: { 'application/json': { schema } } } } } } },
  });
const exampleOf = (schema: object) =>
  described(schema).paths?.['/']?.get?.responses?.['200']?.content?.['application/json']?.example;

test('an example is what the schema shows, its only value, or one by the name of the member', () => {
  const text = { type: 'string' };
  expect(exampleOf({ type: 'object', properties: { scope: text } })).toEqual({ scope: 'payments' });
  expect(exampleOf({ type: 'object', properties: { scope: { ...text, examples: ['mail'] } } })).toEqual({
    scope: 'mail',
  });
  expect(exampleOf({ type: 'object', properties: { scope: { type: ['string', 'null'] } } })).toEqual({
    scope: null,
  });
  expect(exampleOf({ const: false })).toBe(false);
  expect(exampleOf({ enum: ['b', 'a'] })).toBe('b');
  expect(exampleOf({ type: 'array', items: { type: 'integer', minimum: 7 } })).toEqual([7]);
  expect(exampleOf({ anyOf: [{ type: 'object', properties: { created_at: { type: 'integer' } } }] })).toEqual(
    {
      created_at: expect.any(Number),
    },
  );
});

test('a member of which nothing is known has no example, and is named', () => {
  expect(() => exampleOf({ type: 'object', properties: { unheard_of: { type: 'string' } } })).toThrow(
    'unheard_of',
  );
});
