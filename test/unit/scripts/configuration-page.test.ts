import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  configurationPage,
  configurationSchemaText,
  PAGE,
  SCHEMA,
} from '../../../scripts/configuration-page.ts';
import { describedSections } from '../../../src/configuration/reference.ts';

it('docs/configuration.md is what the schema says: `npm run docs:configuration` brings it in step', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(configurationPage());
});

it('its JSON Schema is published as it is', () => {
  expect(readFileSync(SCHEMA, 'utf8')).toBe(configurationSchemaText());
  expect(configurationSchemaText()).not.toContain('behind_proxy');
});

it('every member says what it means', () => {
  const members = describedSections().flatMap((section) => section.members);
  expect(members.length).toBeGreaterThan(100);
  const written = members.filter(({ name }) => !name.startsWith('hsm.replacements[]'));
  expect(written.filter(({ meaning }) => !meaning.endsWith('.')).map(({ name }) => name)).toEqual([]);
});
