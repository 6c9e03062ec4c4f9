import { createHash } from 'node:crypto';
import type { AuditEvent } from '../kernel/audit.ts';
import {
  type ChainHead,
  type RunKey,
  type RunPublicKey,
  sealHash,
  verifySeal,
} from '../kernel/audit-chain.ts';
import { printable } from '../lib/html.ts';
import { isObject } from '../lib/json.ts';

/** A line of the file of owed changes. */
export interface OwedLine {
  /** As the file has it. */
  readonly text: string;
  /** What it says; undefined where it is none of the service's lines. */
  readonly said: SaidChange | undefined;
}

/** An urgent change that a run is said to have sealed. */
interface SaidChange {
  readonly run: string;
  /** Of the event as JSON, by that run; base64url. */
  readonly seal: string;
  readonly json: string;
  readonly event: AuditEvent;
}

/** Sealed by that run. */
export function writeLine(event: AuditEvent, run: RunKey): OwedLine {
  const json = JSON.stringify(event);
  const seal = sealHash(run, 'owed', headOf(json)).toString('base64url');
  const text = JSON.stringify({ run: run.id, seal, event: json });
  return { text, said: { run: run.id, seal, json, event } };
}

/** Of whatever stands there. */
export function readLine(text: string): OwedLine {
  const { run, seal, event: json } = objectIn(text);
  if (typeof run !== 'string' || typeof seal !== 'string' || typeof json !== 'string')
    return { text, said: undefined };
  const event = objectIn(json);
  return { text, said: isAuditEvent(event) ? { run, seal, json, event } : undefined };
}

export function isSealedBy({ seal, json }: SaidChange, run: RunPublicKey): boolean {
  return verifySeal(run, 'owed', headOf(json), Buffer.from(seal, 'base64url'));
}

const MOST_CHARACTERS = 120;

/** For a person: type, subject and scope of what it says, of bounded length; nothing vouches for the text. */
export function nameOf({ text, said }: OwedLine): string {
  if (!said) return short(`unreadable: ${text}`);
  const { type, subject, details } = said.event;
  const scope = typeof details.scope === 'string' ? [`scope:${details.scope}`] : [];
  return [type, subject, ...scope].map(short).join(' ');
}

function short(text: string): string {
  // Cut first: a line may be as long as the file.
  const begin = printable(text.slice(0, MOST_CHARACTERS));
  return text.length > MOST_CHARACTERS ? `${begin}…` : begin;
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(json);
    return isObject(found) ? found : {};
  } catch {
    // None of the service's lines: it is kept and named.
    return {};
  }
}

function isAuditEvent(found: object): found is AuditEvent {
  const { type, actor, subject, details } = found as Partial<Record<keyof AuditEvent, unknown>>;
  return [type, actor, subject].every((text) => typeof text === 'string') && isObject(details);
}

/** It has no place in a chain. */
function headOf(json: string): ChainHead {
  return { sequence: 0, hash: createHash('sha256').update(json).digest() };
}
