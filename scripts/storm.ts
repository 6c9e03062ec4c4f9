// npm run storm: the attack of 2023 on a service of its own, one line for each of its ways in. Ends with 1 where one
// was not caught.
import { type Cell, plainPage, table } from '../src/cli/table.ts';
import type { Attack } from './storm/attack.ts';
import { canaryCredential, canaryKey, canaryToken } from './storm/canaries.ts';
import { removeDatabaseStage } from './storm/database-stage.ts';
import {
  clockAhead,
  foreignAppend,
  ghostRecord,
  pendingRow,
  registryPutBack,
  revocationUndone,
} from './storm/database-writer.ts';
import { inCore, inHistory, inHostileRepository } from './storm/planted.ts';
import { openStage, type Stage } from './storm/stage.ts';
import { elsewhere } from './storm/stolen-credential.ts';
import { otherScope, ownKey, pastWindow } from './storm/stolen-key.ts';

const ATTACKS: readonly Attack[] = [
  otherScope,
  pastWindow,
  ownKey,
  elsewhere,
  canaryCredential,
  canaryToken,
  canaryKey,
  inCore,
  inHistory,
  inHostileRepository,
  ghostRecord,
  foreignAppend,
  pendingRow,
  registryPutBack,
  revocationUndone,
  clockAhead,
];
const HEADINGS = ['attack', 'what was refused', 'event', 'after', ''];

const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
console.log('starting a service with two scopes, consumers and mail …');
const stage = await openStage();
try {
  const rows: Cell[][] = [];
  for (const attack of ATTACKS) rows.push(await play(stage, attack));
  console.log(`\n${table(HEADINGS, rows, plainPage(colour))}`);
  if (!rows.every((row) => verdictOf(row) === 'caught')) process.exitCode = 1;
} finally {
  await stage.close();
  await removeDatabaseStage();
}

async function play(on: Stage, attack: Attack): Promise<Cell[]> {
  const { refused, failed, leaves, heard: own, since } = await attack.play(on);
  const heard = own ?? (await Promise.all([leaves].flat().map((trace) => on.raised(trace))));
  const came = heard.filter((each) => each !== undefined);
  const caught = failed && came.length === heard.length;
  const events = new Set(came.map(({ event: { type, severity } }) => `${type} (${severity})`));
  return [
    attack.name,
    refused,
    [...events].join(', ') || 'none',
    came.length > 0 ? `${Math.max(0, ...came.map(({ at }) => Math.round(at - since)))} ms` : '-',
    caught ? ['caught', 'green'] : ['MISSED', 'red'],
  ];
}

function verdictOf(row: readonly Cell[]): string | undefined {
  const last = row.at(-1);
  return Array.isArray(last) ? last[0] : undefined;
}
