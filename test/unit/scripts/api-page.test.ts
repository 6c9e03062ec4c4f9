import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ApiDocument } from '../../../scripts/api/document.ts';
import { apiPage } from '../../../scripts/api/page.ts';
import { PLANES, pageOf } from '../../../scripts/api-page.ts';

const all = (text: string, pattern: RegExp) => Array.from(text.matchAll(pattern), ([, found = '']) => found);
const METHODS = ['get', 'post', 'patch', 'put', 'delete'];

describe.each(Object.entries(PLANES))('the page of the %s plane', (plane, document) => {
  const text = pageOf(plane, document);
  const ids = all(text, / id="([^"]+)"/g);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => ({ path, method, operationId })),
  );

  it('shows every operation under its own heading', () => {
    expect(operations.length).toBeGreaterThan(20);
    expect(operations.filter(({ method }) => !METHODS.includes(method))).toEqual([]);
    const headings = operations.map(
      ({ path, method, operationId }) =>
        `<h3 id="operation-${operationId}"><code>${method.toUpperCase()} ${path}</code></h3>`,
    );
    expect(headings.filter((heading) => text.split(heading).length !== 2)).toEqual([]);
  });

  it('shows every schema, and each link leads to something that stands there once', () => {
    const schemas = Object.keys(document.components?.schemas ?? {}).map((name) => `schema-${name}`);
    expect(schemas.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(all(text, /href="#([^"]+)"/g).filter((id) => !ids.includes(id))).toEqual([]);
    const others = Object.keys(PLANES).filter((name) => name !== plane);
    expect(all(text, /href="([^#"]+)"/g)).toEqual(others.map((name) => `${name}.html`));
  });

  it('shows an example of every body, and of every problem', () => {
    const shown = (value: unknown) => {
      const json = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
      return json
        .replaceAll('&', '&amp;')
        .replaceAll('<', '&lt;')
        .replaceAll('>', '&gt;')
        .replaceAll('"', '&quot;');
    };
    const bodies = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ requestBody, responses }) => [requestBody, ...Object.values(responses)])
      .flatMap((body) => Object.values(body?.content ?? {}));
    const examples = bodies.flatMap(({ example }) => (example === undefined ? [] : [shown(example)]));
    expect(examples.length).toBeGreaterThan(40);
    const squeezed = text.replaceAll(/\s/g, '');
    expect(examples.filter((each) => !squeezed.includes(each.replaceAll(/\s/g, '')))).toEqual([]);
    const codes = Object.keys(document.components?.examples ?? {});
    expect(codes).toContain('credential_missing');
    expect(codes.filter((code) => !text.includes(`<th scope="row"><code>${code}</code></th>`))).toEqual([]);
  });

  it('runs nothing and loads nothing, as its policy says', () => {
    expect(text).not.toMatch(/<(?:script|link|img|iframe)\b|\son\w+=|\sstyle=|url\(/);
    const [style = ''] = all(text, /<style>([^<]*)<\/style>/g);
    const [policy = ''] = all(text, /http-equiv="Content-Security-Policy" content="([^"]*)"/g);
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'`,
    );
  });

  it('closes each element that it opens', () => {
    for (const name of ['section', 'table', 'ul', 'ol', 'li', 'td', 'code', 'div', 'p']) {
      const opened = all(text, new RegExp(`<(${name})[ >]`, 'g')).length;
      expect([name, all(text, new RegExp(`</(${name})>`, 'g')).length]).toEqual([name, opened]);
    }
  });
});

it('shows what a description says as text, and its code as code', () => {
  const evil = '<img src=x onerror="alert(1)"> & `<b>`';
  const schema = {
    description: evil,
    type: 'object',
    properties: {
      [evil]: { type: 'string', pattern: evil, maxLength: 5, default: evil, description: evil },
      either: { oneOf: [{ const: evil }, { type: 'object', properties: { [evil]: { enum: [evil] } } }] },
    },
    required: [evil],
    example: { [evil]: evil },
  };
  const document: ApiDocument = {
    info: { title: evil, description: evil },
    paths: {
      '/<b>': {
        post: {
          operationId: 'one',
          summary: evil,
          description: evil,
          parameters: [{ in: 'query', name: evil, description: evil, schema }],
          requestBody: { description: evil, content: { [evil]: { schema } } },
          responses: { '200': { description: evil, content: { [evil]: { schema } } } },
        },
      },
    },
    components: { schemas: { Evil: schema }, securitySchemes: { client: { description: evil } } },
  };
  const text = apiPage(document);
  expect(text).not.toMatch(/<img|<b>/);
  expect(text).toContain(
    '<p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; <code>&lt;b&gt;</code></p>',
  );
});

it('shows types, limits, what is required and what is within', () => {
  const schema = {
    type: 'object',
    properties: {
      names: { type: 'array', items: { type: 'string', maxLength: 5 }, maxItems: 3, uniqueItems: true },
      at: { type: ['integer', 'null'], minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      inner: { anyOf: [{ type: 'object', properties: { kind: { const: 'a' } } }, { type: 'null' }] },
    },
    required: ['names'],
  };
  const text = apiPage({ info: { title: 'x' }, paths: {}, components: { schemas: { One: schema } } });
  const [members = ''] = all(text, /<ul class="members">([\s\S]*)<\/ul>/g);
  expect(
    members
      .replaceAll(/<[^>]+>/g, '')
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([
    'names: list of string (longest length 5) (most elements 3, no element twice), required',
    'at: integer or null (at least 0), optional',
    'inner: object or null, optional kind: &quot;a&quot;, optional',
  ]);
});
