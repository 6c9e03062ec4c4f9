import type { Found, Sight } from './finding.ts';
import type { Names } from './names.ts';
import { Candidates } from '../cli/scan/candidates.ts';
import { excerptOf, fingerprintOf } from '../cli/scan/excerpt.ts';
import type { Ignored } from '../cli/scan/ignore-file.ts';
import type { Finding, FindingKind, Place, ScanReport, Within } from '../cli/scan/kinds.ts';

type SightOf<K extends Sight['kind']> = Extract<Sight, { kind: K }>;

/** Listed at most; beyond them it is counted. */
const FINDINGS = 10_000;
const SKIPPED = 10_000;
const NOTES = 100;
const TOKENS = 100_000;
const CREDENTIALS = 10_000;
const PINS = 1_000;

const NAMES = {
  credential: 'credentials',
  token: 'tokens',
  pin: 'PINs',
} as const;

/** Gathers what a scan finds, bounded, and says what was too much. */
export class Collected {
  readonly credentials = new Candidates<SightOf<'credential'>>(CREDENTIALS);
  readonly tokens = new Candidates<SightOf<'token'>>(TOKENS);
  readonly pins = new Candidates<SightOf<'pin'>>(PINS);
  readonly #findings: Finding[] = [];
  readonly #skipped: ScanReport['skipped'][number][] = [];
  readonly #notes: { place: string; note: string }[] = [];
  readonly #ignored: Ignored;
  readonly #names: Names;
  #ignoredCount = 0;
  #more = 0;
  #moreSkipped = 0;

  constructor(ignored: Ignored, names: Names) {
    this.#ignored = ignored;
    this.#names = names;
  }

  take(from: string, { sight, ...at }: Found, within: Within = {}): void {
    const place = this.#names.shown(from);
    const here: Place = { place, ...at, ...within };
    if (sight.kind === 'private_key') {
      this.add(sight.encrypted ? 'encrypted_private_key' : 'private_key', sight, here);
      return;
    }
    if (this.#put(sight, here) !== 'full') return;
    this.skip(place, `from byte ${at.offset} on there was no room for further ${NAMES[sight.kind]}`, within);
  }

  add(kind: FindingKind, sight: Sight, place: Place, about: string | null = null): void {
    const fingerprint = fingerprintOf(sight);
    if (fingerprint !== null && this.#ignored.fingerprints.has(fingerprint)) this.#ignoredCount += 1;
    else if (this.#findings.length >= FINDINGS) this.#more += 1;
    else this.#findings.push({ kind, ...place, excerpt: excerptOf(sight), about, fingerprint });
  }

  skip(place: string, why: string, within: Within = {}): void {
    if (this.#skipped.length >= SKIPPED) this.#moreSkipped += 1;
    else this.#skipped.push({ place: this.#names.shown(place), why, ...within });
  }

  note(place: string, note: string): void {
    if (this.#notes.length < NOTES)
      this.#notes.push({ place: this.#names.shown(place), note: this.#names.shown(note) });
  }

  report(read: ScanReport['read']): ScanReport {
    const more = this.#moreSkipped;
    return {
      findings: this.#findings.toSorted(byPlace),
      more: this.#more,
      skipped: more > 0 ? [...this.#skipped, { place: `${more} more`, why: 'not listed' }] : this.#skipped,
      notes: this.#allNotes(),
      read,
    };
  }

  #allNotes(): ScanReport['notes'] {
    if (this.#ignoredCount === 0) return this.#notes;
    return [
      ...this.#notes,
      { place: this.#ignored.file, note: `${this.#ignoredCount} findings are ignored, as it says` },
    ];
  }

  #put(sight: Exclude<Sight, { kind: 'private_key' }>, place: Place): 'put' | 'full' | 'dropped' {
    if (sight.kind === 'credential') return this.credentials.put(sight.secret, sight, place);
    if (sight.kind === 'pin') return this.pins.put(sight.secret, sight, place);
    return this.tokens.put(sight.digest.toString('base64url'), sight, place);
  }
}

function byPlace(a: Place, b: Place): number {
  if (a.place !== b.place) return a.place < b.place ? -1 : 1;
  return a.offset - b.offset;
}
