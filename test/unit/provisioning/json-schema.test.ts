import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { documentJsonSchema } from '../../../src/provisioning/document.ts';
import { keyward } from '../../support/command-line.ts';

const PUBLISHED = new URL('../../../docs/schemas/keyward-scopes.schema.json', import.meta.url);

it('is published as it is: `keyward schema` into docs/schemas/ brings it in step', async () => {
  const published = readFileSync(PUBLISHED, 'utf8');
  expect(JSON.parse(published)).toEqual(documentJsonSchema());
  expect(await keyward(['schema'])).toEqual({ exitCode: 0, err: '', out: published });
});

it('says of every member what it is, and allows no other', () => {
  const { definitions } = documentJsonSchema() as { definitions: Record<string, ObjectSchema> };
  expect(Object.keys(definitions).sort()).toEqual(['ClientEntry', 'PolicyMembers', 'ScopeEntry']);
  for (const { properties, additionalProperties } of Object.values(definitions)) {
    expect(additionalProperties).toBe(false);
    const silent = Object.entries(properties).filter(([, { description, $ref }]) => !description && !$ref);
    expect(silent.map(([name]) => name)).toEqual([]);
  }
});

interface ObjectSchema {
  readonly properties: Record<string, { readonly description?: string; readonly $ref?: string }>;
  readonly additionalProperties: unknown;
}
