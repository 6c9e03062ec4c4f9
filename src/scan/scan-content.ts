import { Expansion, type ExpansionLimits, type Found, LimitReached } from './finding.ts';
import { fileBytes, formatOf, HEAD_BYTES, type Peeked, peek } from './format.ts';
import type { Content } from './scan-stream.ts';
import {
  type Bytes,
  counted,
  ended,
  once,
  readAlong,
  type StreamOptions,
  scanStream,
} from './scan-stream.ts';
import { type Compression, decompress, tarEntries, type ZipPlace, zipEntries } from './unpack.ts';

/** What was found, or what was left unread and why: the one is as important as the other. */
export type Outcome =
  | { readonly place: string; readonly found: Found }
  | { readonly place: string; readonly skipped: string };

interface ScanOptions extends StreamOptions {
  readonly limits: ExpansionLimits;
}

type ArchiveFormat = Compression | 'tar' | 'zip';
type Opened = Content & Pick<Peeked, 'close'>;

/** Entries of archives are named behind their archive: `backup.tar.gz!etc/keyward.pem`. */
const WITHIN = '!';
/** Of one archive: what was found in its entries is not told again of its bytes. */
const SECRETS_REMEMBERED = 10_000;

/** Findings in a content and, if it is an archive, in all that it holds. Never throws for what it reads. */
export async function* scanContent(content: Content, options: ScanOptions): AsyncGenerator<Outcome> {
  yield* new Scan(options).scan(content, 0);
}

class Scan {
  readonly #options: ScanOptions;
  readonly #expansion: Expansion;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#expansion = new Expansion(options.limits);
  }

  async *scan(content: Content, depth: number): AsyncGenerator<Outcome> {
    const { name: place } = content;
    try {
      this.#expansion.enter(depth);
      const { head, whole, close } = await peek(content.bytes, HEAD_BYTES);
      const format = formatOf(head);
      const opened = { ...content, bytes: whole };
      if (format === undefined) yield* this.#plain(opened);
      else if (format.format === 'unread') {
        const instead = format.instead === undefined ? '' : `: ${format.instead}`;
        yield { place, skipped: `${format.name} is not unpacked${instead}` };
        yield* this.#plain(opened);
      } else yield* this.#archive(format.format, { ...opened, close }, depth + 1);
    } catch (error) {
      yield { place, skipped: reasonOf(error) };
    }
  }

  async *#plain({ name: place, bytes }: Content): AsyncGenerator<Outcome> {
    for await (const found of scanStream(bytes, this.#options)) yield { place, found };
  }

  /** An archive, and its bytes as they are: names, comments, padding; also what unpacking did not get at. */
  async *#archive(format: ArchiveFormat, content: Opened, depth: number): AsyncGenerator<Outcome> {
    const seen = new Set<string>();
    const asIs = new Map<string, Found>();
    const raw = await this.#rawOf(format, content);
    const { bytes: along, left } = readAlong(content.bytes, (copy) => this.#asIs(copy, seen, asIs));
    let whole = true;
    try {
      for await (const outcome of this.#unpack(format, { ...content, bytes: along }, raw, depth)) {
        if ('skipped' in outcome) whole = false;
        else {
          if (seen.size < SECRETS_REMEMBERED) seen.add(outcome.found.sight.secret);
          asIs.delete(outcome.found.sight.secret);
        }
        yield outcome;
      }
    } catch (error) {
      whole = false;
      yield { place: content.name, skipped: reasonOf(error) };
    }
    yield* this.#onlyAsIs(content.name, left, seen, asIs);
    // What the directory of a zip does not list is no error.
    if (raw === undefined || (whole && format !== 'zip')) return;
    const bytes = typeof raw === 'string' ? fileBytes(raw) : once(raw);
    for await (const outcome of this.#plain({ name: content.name, bytes })) {
      if (!('found' in outcome && seen.has(outcome.found.sight.secret))) yield outcome;
    }
  }

  /** Into `asIs` goes what unpacking has not shown so far. */
  async #asIs(bytes: Bytes, seen: ReadonlySet<string>, asIs: Map<string, Found>): Promise<void> {
    for await (const found of scanStream(bytes, { ...this.#options, onRead: undefined })) {
      const { secret } = found.sight;
      if (asIs.size <= SECRETS_REMEMBERED && !seen.has(secret)) asIs.set(secret, found);
    }
  }

  async *#onlyAsIs(
    place: string,
    left: () => Promise<void>,
    seen: Set<string>,
    asIs: ReadonlyMap<string, Found>,
  ): AsyncGenerator<Outcome> {
    try {
      await left();
    } catch (error) {
      yield { place, skipped: reasonOf(error) };
    }
    for (const [secret, found] of asIs) {
      seen.add(secret);
      yield { place, found };
    }
    if (asIs.size > SECRETS_REMEMBERED)
      yield {
        place,
        skipped: `of its bytes as they are, no more than ${SECRETS_REMEMBERED} findings are told`,
      };
  }

  /** Where it can be read again; a zip must be, from its end. */
  async #rawOf(format: ArchiveFormat, { path, bytes, close }: Opened): Promise<ZipPlace | undefined> {
    if (format !== 'zip') return path;
    if (path === undefined) return held(bytes, this.#options.limits.heldBytes);
    await close();
    return path;
  }

  #unpack(
    format: ArchiveFormat,
    content: Content,
    raw: ZipPlace | undefined,
    depth: number,
  ): AsyncGenerator<Outcome> {
    if (format === 'tar') return this.#tar(content, depth);
    if (format !== 'zip') return this.#decompress(format, content, depth);
    return this.#zip(content.name, raw ?? Buffer.alloc(0), depth);
  }

  async *#decompress(format: Compression, { name, bytes }: Content, depth: number): AsyncGenerator<Outcome> {
    let given = 0;
    let whole = false;
    const unpacking = decompress(
      format,
      counted(bytes, (length) => (given += length)),
    );
    const watched = ended(this.#expansion.watched(unpacking.bytes, unpacking.taken), () => (whole = true));
    yield* this.scan({ name: `${name}${WITHIN}${innerName(name)}`, bytes: watched }, depth);
    const behind = given - unpacking.taken();
    if (whole && behind > 0) yield { place: name, skipped: `${behind} bytes behind its end` };
  }

  async *#tar({ name, bytes }: Content, depth: number): AsyncGenerator<Outcome> {
    for await (const entry of tarEntries(bytes, this.#options.limits)) {
      yield* this.scan({ name: `${name}${WITHIN}${entry.name}`, bytes: entry.bytes }, depth);
    }
  }

  async *#zip(name: string, place: ZipPlace, depth: number): AsyncGenerator<Outcome> {
    for await (const entry of zipEntries(place)) {
      const inner = `${name}${WITHIN}${entry.name}`;
      if (entry.flaw !== undefined) yield { place: inner, skipped: entry.flaw };
      else yield* this.#zipEntry(inner, entry, depth);
    }
  }

  async *#zipEntry(
    name: string,
    entry: { packedBytes: number; open(): Promise<Bytes> },
    depth: number,
  ): AsyncGenerator<Outcome> {
    try {
      const unpacked = this.#expansion.watched(await entry.open(), () => entry.packedBytes);
      yield* this.scan({ name, bytes: unpacked }, depth);
    } catch (error) {
      yield { place: name, skipped: reasonOf(error) };
    }
  }
}

async function held(bytes: Bytes, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.length;
    if (length > most) throw new LimitReached(`a zip of more than ${most} bytes within something else`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function innerName(name: string): string {
  const last = name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf(WITHIN)) + 1);
  return last.replace(/\.(?:gz|zst)$/, '').replace(/\.tgz$/, '.tar');
}

function reasonOf(error: unknown): string {
  return error instanceof LimitReached ? error.message : `not readable to its end: ${describe(error)}`;
}

function describe(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
