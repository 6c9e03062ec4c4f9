import { filesOfSink } from '../audit/sink-files.ts';
import { readSinkLine } from '../audit/sink-line.ts';
import type { Findings, TrailPart } from '../kernel/audit.ts';
import { AUDIT_GENESIS, CHAINS, type ChainName, type Checkpoint } from '../kernel/audit-chain.ts';
import { encodeBase64url } from '../token/base64url.ts';
import { type AuditPublicKey, checkpointDigest, readCheckpoint } from '../token/checkpoint.ts';
import type { AcceptedRestores } from './accepted-restores.ts';
import { BrokenLines, placedLines } from './broken-lines.ts';
import type { SourceCheckpoint } from './trail-source.ts';

/** What checkpoints saw of one chain: as the chain is walked, each place is held against it. */
export class CheckpointAssertions {
  readonly #part: TrailPart;
  readonly #findings: Findings;
  readonly #unit: string;
  readonly #seen = new Map<number, { readonly hash: string; readonly sinkName: string }>();

  constructor(part: Extract<TrailPart, ChainName>, unit: string, findings: Findings) {
    this.#part = part;
    this.#unit = unit;
    this.#findings = findings;
  }

  expect(sequence: number, hash: Uint8Array, sinkName: string): void {
    if (sequence === 0) return;
    const text = encodeBase64url(hash);
    const other = this.#seen.get(sequence);
    if (!other) this.#seen.set(sequence, { hash: text, sinkName });
    else if (other.hash !== text) {
      this.#fork(sequence, `${other.sinkName} and ${sinkName} saw different chains`);
    }
  }

  check(sequence: number, hash: Uint8Array): void {
    const seen = this.#seen.get(sequence);
    if (seen === undefined) return;
    this.#seen.delete(sequence);
    if (seen.hash !== encodeBase64url(hash)) this.#fork(sequence, `${seen.sinkName} saw another hash there`);
  }

  /** At the end of the chain: whatever was seen beyond it is missing. */
  finish(last: number): void {
    for (const [sequence, { sinkName }] of this.#seen) {
      if (sequence <= last) continue;
      const detail = `ends at ${last}, but ${sinkName} saw ${this.#unit} ${sequence}`;
      this.#findings.add(this.#part, 'truncated', `${this.#unit} ${last + 1}`, detail);
    }
  }

  #fork(sequence: number, detail: string): void {
    this.#findings.add(this.#part, 'fork', `${this.#unit} ${sequence}`, detail);
  }
}

/** Checkpoints checked at a time: enough for the thread pool. */
const BATCH = 256;

/** One that somebody kept, outside of what is verified. */
export interface SavedCheckpoint {
  readonly from: string;
  readonly jws: string;
}

interface CheckpointDeps {
  readonly key: AuditPublicKey;
  readonly expectations: Readonly<Record<ChainName, CheckpointAssertions>>;
  readonly restores: AcceptedRestores;
  readonly findings: Findings;
}

/**
 * Checks each checkpoint and that none is missing, and sets down what they saw of each chain. Saved ones must be
 * among them to the letter. Answers how many there are, and the last that the audit key signed.
 */
export async function verifyCheckpoints(
  checkpoints: Iterable<SourceCheckpoint>,
  saved: readonly SavedCheckpoint[],
  deps: CheckpointDeps,
): Promise<{ readonly count: number; readonly last: Checkpoint | undefined }> {
  const { findings } = deps;
  let newest: Checkpoint | undefined;
  const kept = await readSaved(saved, deps);
  let last = { number: 0, digest: AUDIT_GENESIS.hash };
  let count = 0;
  for (const batch of batches(checkpoints)) {
    const read = await Promise.all(batch.map(({ jws }) => readCheckpoint(jws, deps.key)));
    for (const [index, source] of batch.entries()) {
      checkOne(source, read[index], last, deps);
      for (const other of kept.get(source.number) ?? []) {
        if (other.jws === source.jws) continue;
        findings.add('checkpoints', 'fork', nameOf(source), `it is not the one in ${other.from}`);
      }
      newest = read[index] ?? newest;
      last = { number: source.number, digest: checkpointDigest(source.jws) };
      count += 1;
    }
  }
  for (const [number, [one]] of kept) {
    if (number <= last.number || !one) continue;
    const detail = `they end at ${last.number}, but ${one.from} holds checkpoint ${number}`;
    findings.add('checkpoints', 'truncated', `checkpoint ${last.number + 1}`, detail);
  }
  return { count, last: newest };
}

function checkOne(
  source: SourceCheckpoint,
  checkpoint: Checkpoint | undefined,
  last: { readonly number: number; readonly digest: Uint8Array },
  deps: CheckpointDeps,
): void {
  const { findings } = deps;
  const place = nameOf(source);
  const isJump = source.number !== last.number + 1;
  if (isJump && !deps.restores.explainsJump(last.number, source.number)) {
    const detail = `after checkpoint ${last.number} comes ${source.number}`;
    findings.add('checkpoints', 'gap', `checkpoint ${last.number + 1}`, detail);
  }
  if (!checkpoint || checkpoint.number !== source.number) {
    const detail = 'the audit key did not sign it as a checkpoint of that number';
    findings.add('checkpoints', 'bad_signature', place, detail);
    return;
  }
  if (source.number === last.number + 1 && Buffer.compare(checkpoint.previous, last.digest) !== 0) {
    findings.add(
      'checkpoints',
      'fork',
      place,
      'it was taken after another checkpoint than the one before it',
    );
  }
  const { auditSequence, time } = source.columns ?? {
    ...checkpoint,
    auditSequence: checkpoint.heads.audit.sequence,
  };
  if (auditSequence !== checkpoint.heads.audit.sequence || time !== checkpoint.time) {
    findings.add('checkpoints', 'bad_row', place, 'the columns beside it say otherwise than it does');
  }
  deps.restores.cover(checkpoint);
  expectHeads(checkpoint, place, deps);
}

async function readSaved(
  saved: readonly SavedCheckpoint[],
  deps: CheckpointDeps,
): Promise<ReadonlyMap<number, SavedCheckpoint[]>> {
  const kept = new Map<number, SavedCheckpoint[]>();
  for (const one of saved) {
    const checkpoint = await readCheckpoint(one.jws, deps.key);
    if (!checkpoint) {
      const detail = 'the audit key did not sign the checkpoint in it';
      deps.findings.add('checkpoints', 'bad_signature', one.from, detail);
      continue;
    }
    kept.set(checkpoint.number, [...(kept.get(checkpoint.number) ?? []), one]);
    expectHeads(checkpoint, `checkpoint ${checkpoint.number} of ${one.from}`, deps);
  }
  return kept;
}

function expectHeads(
  { number, heads }: Checkpoint,
  sinkName: string,
  { expectations, restores }: CheckpointDeps,
): void {
  for (const name of CHAINS) {
    const { sequence, hash } = heads[name];
    if (!restores.waive(number, name, sequence)) expectations[name].expect(sequence, hash, sinkName);
  }
}

function* batches<T>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function nameOf({ number }: SourceCheckpoint): string {
  return `checkpoint ${number}`;
}

/** What the files of a sink hold of the trail: the hash of each event, and the checkpoints. */
export interface SinkContent {
  readonly from: string;
  readonly events: ReadonlyMap<number, Uint8Array>;
  readonly checkpoints: readonly SavedCheckpoint[];
}

/**
 * A file that cannot be read is a finding: then nothing shows what the sink has seen. So is a line that is no entry,
 * and an event that is missing between the first and the last: older files may have gone, but nothing else.
 */
export function readSinks(files: readonly string[], findings: Findings): readonly SinkContent[] {
  return files.flatMap((file) => {
    try {
      return [readSink(file, findings)];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const detail = `the sink cannot be read (${code}); --no-sinks leaves the sinks out`;
      findings.add('file', 'unreadable', file, detail);
      return [];
    }
  });
}

function readSink(from: string, findings: Findings): SinkContent {
  const events = new Map<number, Uint8Array>();
  const checkpoints: SavedCheckpoint[] = [];
  const broken = new BrokenLines(findings, ({ file, number }) => `${file} line ${number}`);
  const files = filesOfSink(from);
  for (const placed of placedLines(files)) {
    const entry = readSinkLine(placed.line);
    if (entry?.kind === 'event') events.set(entry.event.sequence, entry.event.hash);
    if (entry?.kind === 'checkpoint') checkpoints.push({ from, jws: entry.jws });
    // The end of the newest file: a crash, or a write that is under way.
    const isCut = !placed.isEnded && placed.file === files.at(-1);
    broken.take(placed, entry !== undefined || isCut);
  }
  broken.finish();
  const missing = firstMissing(events);
  if (missing !== undefined) {
    findings.add('file', 'gap', `event ${missing}`, `${from} has events before and after it, and lacks it`);
  }
  return { from, events, checkpoints };
}

/** Of the numbers between the first and the last; undefined where none is missing. */
function firstMissing(events: SinkContent['events']): number | undefined {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const sequence of events.keys()) {
    first = Math.min(first, sequence);
    last = Math.max(last, sequence);
  }
  for (let sequence = first; sequence < last; sequence += 1) if (!events.has(sequence)) return sequence;
  return undefined;
}
