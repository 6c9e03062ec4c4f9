// The API description of each plane: as OpenAPI has it, with every parameter declared, every limit described, and an example
// of each body.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_ROUTES } from '../src/api/routes.ts';
import { describeApi } from '../src/server/openapi.ts';
import { type Description, faultsOf } from './api/faults.ts';

const folder = mkdtempSync(join(tmpdir(), 'keyward-api-'));
try {
  const failed = [
    check('data', describeApi('data', API_ROUTES.data)),
    check('operations', describeApi('operations', API_ROUTES.operations)),
  ];
  process.exitCode = failed.includes(true) ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true });
}

/** Whether anything is wrong with it. */
function check(plane: string, description: object): boolean {
  const file = join(folder, `${plane}.json`);
  writeFileSync(file, JSON.stringify(description));
  const validated = spawnSync('validate-api', [file], { encoding: 'utf8' });
  const faults = [...faultsOf(description as Description)];
  if (validated.status !== 0) faults.push(validated.error?.message ?? validated.stdout + validated.stderr);
  for (const fault of faults) console.error(`${plane}: ${fault}`);
  if (faults.length === 0)
    console.log(`API of the ${plane} plane: valid, with every limit described and an example of each body`);
  return faults.length > 0;
}
