// `npm run docs:api [-- <folder>]`: the API description of each plane, as a page and as JSON to compare, under
// dist/api-reference or in that folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_ROUTES } from '../src/api/routes.ts';
import { describeApi } from '../src/server/openapi.ts';
import type { ApiDocument } from './api/document.ts';
import { apiPage } from './api/page.ts';

export const PLANES: Readonly<Record<string, ApiDocument>> = {
  data: describeApi('data', API_ROUTES.data) as ApiDocument,
  operations: describeApi('operations', API_ROUTES.operations) as ApiDocument,
};

export function pageOf(plane: string, document: ApiDocument): string {
  const others = Object.keys(PLANES).filter((name) => name !== plane);
  return apiPage(
    document,
    others.map((name) => ({ name, file: `${name}.html` })),
  );
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../dist/api-reference', import.meta.url)));
  mkdirSync(folder, { recursive: true });
  for (const [plane, document] of Object.entries(PLANES)) {
    writeFileSync(join(folder, `${plane}.json`), `${JSON.stringify(document, null, 2)}\n`);
    const page = join(folder, `${plane}.html`);
    writeFileSync(page, pageOf(plane, document));
    console.log(page);
  }
}
