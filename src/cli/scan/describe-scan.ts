import { printable } from '../../lib/printable.ts';
import type { Colour } from '../colour.ts';
import { type Cell, table } from '../text.ts';
import { FINDING_KINDS, type Finding, type ScanReport } from './kinds.ts';

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const satisfies Record<string, Colour>;
const SKIPPED_SHOWN = 50;

/** What was found, then what was not read: that comes last, so that it is seen. */
export function describeScan(report: ScanReport, colour: boolean): string {
  const { findings, more, skipped, notes, read } = report;
  const parts = [
    findings.length > 0 ? table(['kind', 'where', 'what', 'about'], findings.map(rowOf), colour) : '',
    skipped.length > 0 ? describeSkipped(skipped, colour) : '',
    notes.map(({ place, note }) => `note: ${printable(place)}: ${printable(note)}`).join('\n'),
    summary(findings.length + more, skipped.length, read),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function rowOf({ kind, excerpt, about, ...place }: Finding): Cell[] {
  return [[kind, COLOURS[FINDING_KINDS[kind].level]], whereOf(place), excerpt, about ?? '-'];
}

function whereOf({ place, offset, line }: Pick<Finding, 'place' | 'offset' | 'line'>): string {
  return line === null ? `${place} at byte ${offset}` : `${place}:${line}`;
}

function describeSkipped(skipped: ScanReport['skipped'], colour: boolean): string {
  const rows = skipped
    .slice(0, SKIPPED_SHOWN)
    .map(({ place, why }): Cell[] => [['NOT READ', 'yellow'], place, why]);
  const more = skipped.length - rows.length;
  return (
    table(['skipped', 'where', 'why'], rows, colour) +
    (more > 0 ? `\n… and ${more} more; --json lists them` : '')
  );
}

function summary(found: number, skipped: number, { contents, bytes }: ScanReport['read']): string {
  const read = `${contents} ${contents === 1 ? 'file' : 'files'}, ${bytes} bytes read`;
  if (skipped > 0) return `${found} found; not everything was read or asked (${skipped}): ${read}`;
  return found === 0 ? `nothing found: ${read}` : `${found} found: ${read}`;
}
