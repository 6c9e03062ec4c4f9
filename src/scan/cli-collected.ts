import { hash } from 'node:crypto';
import { usageFailure } from '../cli/failure.ts';
import { readInput } from '../cli/input-file.ts';
import { digestOfMadePin, PIN_PREFIX } from '../kernel/credential.ts';
import { compareText } from '../lib/text.ts';
import type { Found, Sight } from './finding.ts';
import type { Names } from './format.ts';
import type { GitObject } from './git-objects.ts';
import type { GitPlace } from './git-places.ts';

/** Every kind of finding, as it is shown. Levels are those of SARIF 2.1.0. */
export const FINDING_KINDS = {
  client_credential: { level: 'error', title: 'Credential of a Keyward client' },
  operator_credential: { level: 'error', title: 'Credential of a Keyward operator' },
  token_live: { level: 'error', title: 'Token on record that is accepted now' },
  token_recorded: { level: 'note', title: 'Token on record that is accepted no more' },
  token_unchecked: { level: 'warning', title: 'What may be a live token; the service was not asked' },
  pin: { level: 'error', title: 'PIN of an HSM token' },
  private_key: { level: 'error', title: 'Private key' },
  encrypted_private_key: { level: 'warning', title: 'Private key under a passphrase' },
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

/** What a place lies in, where its name does not say it. */
export interface Within {
  /** What of the place names an entry of an archive, behind the file and `!`. */
  readonly entry?: string;
  /** The object of a repository. */
  readonly object?: GitObject & GitPlace;
}

/** Where something stands: a file or an entry of an archive, with the byte at which it begins. */
export interface Place extends Within {
  readonly place: string;
  readonly offset: number;
  readonly line: number | null;
}

/** Of the secret it shows no more than what tells its kind. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  readonly excerpt: string;
  /** Whose it is, as far as that is known: `client:payments-identity`, or the file of `--pin-file` that holds it. */
  readonly about: string | null;
  /** For a file that `--ignore-file` names. Null for the PIN of `--pin-file`, which could be guessed by it. */
  readonly fingerprint: string | null;
}

/** What a scan came to. */
export interface ScanReport {
  readonly findings: readonly Finding[];
  /** Findings beyond those that are listed. */
  readonly more: number;
  /** What was not read, or not asked, and why: it may hold anything. */
  readonly skipped: readonly (Within & { readonly place: string; readonly why: string })[];
  /** What the scan was not asked to read, and somebody may think that it was. */
  readonly notes: readonly { readonly place: string; readonly note: string }[];
  readonly read: { readonly contents: number; readonly bytes: number };
  /** Of Keyward's own, which everybody may read: each once, and no finding. */
  readonly statements: number;
}

/** Of one secret: it may stand a million times in one file. */
const PLACES = 20;

interface Candidate<S> {
  readonly sight: S;
  /** The first of them. */
  readonly places: readonly Place[];
  /** How many there are beyond those. */
  readonly more: number;
}

/** What the service is to be asked about, each once, up to a limit. */
class Candidates<S> {
  readonly #limit: number;
  readonly #byName = new Map<string, { sight: S; places: Place[]; more: number }>();
  #full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `full` when it is the first that found no room. */
  put(name: string, sight: S, place: Place): 'put' | 'full' | 'dropped' {
    const known = this.#byName.get(name);
    if (known) {
      if (known.places.length < PLACES) known.places.push(place);
      else known.more += 1;
      return 'put';
    }
    if (this.#byName.size < this.#limit) {
      this.#byName.set(name, { sight, places: [place], more: 0 });
      return 'put';
    }
    if (this.#full) return 'dropped';
    this.#full = true;
    return 'full';
  }

  list(): readonly (Candidate<S> & { readonly name: string })[] {
    return Array.from(this.#byName, ([name, candidate]) => ({ name, ...candidate }));
  }
}

/** As much of a secret as tells its kind: of a private key and of a PIN, nothing. */
function excerptOf(sight: Sight): string {
  const { secret } = sight;
  if (sight.kind === 'private_key') return sight.label;
  if (sight.kind === 'pin') return sight.file === null ? `${PIN_PREFIX}…` : 'the PIN in the PIN file';
  if (sight.kind === 'credential')
    return `${secret.slice(0, 'kw_svc_'.length + 2)}… (${secret.length} characters)`;
  return `${secret.slice(0, 12)}… (${secret.length} characters and a signature)`;
}

/**
 * Names a secret wherever it stands. It tells nothing of a secret of which there are too many to try; the PIN of
 * `--pin-file` may be a short one, so it has none.
 */
function fingerprintOf(sight: Sight): string | null {
  if (sight.kind === 'pin' && digestOfMadePin(sight.secret) === undefined) return null;
  return hash('sha256', `keyward-scan ${sight.kind} ${sight.secret}`).slice(0, 32);
}

const MOST_BYTES = 16 * 1024 ** 2;
const LINE = /^([0-9a-f]{32})?\s*(?:#.*)?$/;

/** What somebody looked at and found harmless: the file that says so, and the fingerprints in it. */
interface Ignored {
  readonly file: string;
  readonly fingerprints: ReadonlySet<string>;
}

/** A fingerprint a line, and after `#` why. Without a file nothing is ignored: what is scanned has no say in it. */
export function readIgnoreFile(file: string | undefined): Ignored {
  if (file === undefined) return { file: '', fingerprints: new Set() };
  const lines = readInput(file, MOST_BYTES).split('\n');
  const fingerprints = lines.flatMap((line, at) => {
    const match = LINE.exec(line.trim());
    if (!match)
      throw usageFailure(`${file}:${at + 1}: write a fingerprint of 32 characters, as --json shows it`);
    return match[1] === undefined ? [] : [match[1]];
  });
  return { file, fingerprints: new Set(fingerprints) };
}

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
  #statements = 0;

  constructor(ignored: Ignored, names: Names) {
    this.#ignored = ignored;
    this.#names = names;
  }

  take(from: string, { sight, ...at }: Found, within: Within = {}): void {
    const place = this.#names.shown(from);
    const here: Place = { place, ...at, ...within };
    if (sight.kind === 'private_key') {
      const kind = sight.encrypted ? 'encrypted_private_key' : 'private_key';
      this.add(kind, { sight, places: [here], more: 0 });
      return;
    }
    if (this.#put(sight, here) !== 'full') return;
    this.skip(place, `from byte ${at.offset} on there was no room for further ${NAMES[sight.kind]}`, within);
  }

  /** A finding for each of its places. */
  add(kind: FindingKind, { sight, places, more }: Candidate<Sight>, about: string | null = null): void {
    const fingerprint = fingerprintOf(sight);
    if (fingerprint !== null && this.#ignored.fingerprints.has(fingerprint)) {
      this.#ignoredCount += places.length + more;
      return;
    }
    const shown = {
      kind,
      excerpt: excerptOf(sight),
      about: about && this.#names.shown(about),
      fingerprint,
    };
    const listed = places.slice(0, FINDINGS - this.#findings.length);
    for (const place of listed) this.#findings.push({ ...shown, ...place });
    this.#more += places.length - listed.length + more;
  }

  skip(place: string, why: string, within: Within = {}): void {
    if (this.#skipped.length >= SKIPPED) this.#moreSkipped += 1;
    else this.#skipped.push({ place: this.#names.shown(place), why, ...within });
  }

  note(place: string, note: string): void {
    if (this.#notes.length < NOTES)
      this.#notes.push({ place: this.#names.shown(place), note: this.#names.shown(note) });
  }

  /** One statement of Keyward's own. */
  passOver(): void {
    this.#statements += 1;
  }

  report(read: ScanReport['read']): ScanReport {
    const more = this.#moreSkipped;
    return {
      findings: this.#findings.toSorted(byPlace),
      more: this.#more,
      skipped: more > 0 ? [...this.#skipped, { place: `${more} more`, why: 'not listed' }] : this.#skipped,
      notes: this.#allNotes(),
      read,
      statements: this.#statements,
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
  return compareText(a.place, b.place) || a.offset - b.offset;
}
