import type { Socket } from 'node:net';

const HEADER = 4;

/** Of what both sides take; it bounds what a stranger can make them hold. All keys of one `serve` fit in. */
export const LARGEST_FRAME = 64 * 1024 * 1024;
/** Bytes that wait for a peer to read them; one that lets more wait hangs. */
export const MOST_UNREAD = 2 * LARGEST_FRAME;
/** Objects and lists within each other. */
const DEEPEST = 12;

/** What is no frame: whoever sent it is not listened to any more. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame';
}

/** A length of four bytes, the highest first, and so much JSON. `BadFrame` for more than the other side would take. */
export function frameOf(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  if (length > LARGEST_FRAME) throw new BadFrame(`a message of ${length} bytes`);
  const frame = Buffer.allocUnsafe(HEADER + length);
  frame.writeUInt32BE(length);
  frame.write(text, HEADER);
  return frame;
}

const NOTHING = Buffer.alloc(0);

/**
 * Puts frames together from whatever pieces they come in. It keeps no piece: what came of a frame is copied to one
 * buffer, which grows with what came and not with what was announced.
 */
export class FrameReader {
  /** Of the header or message that has begun: the first `#held` bytes came. */
  #buffer = NOTHING;
  #held = 0;
  #wanted = HEADER;
  #isHeader = true;
  /** Called with each message that is whole, and its size. */
  onMessage: (message: unknown, bytes: number) => void;
  /** Of a peer that has not said who it is, less is taken. */
  limit: number;

  constructor(onMessage: (message: unknown, bytes: number) => void, limit = LARGEST_FRAME) {
    this.onMessage = onMessage;
    this.limit = limit;
  }

  /** `BadFrame`. */
  push(piece: Buffer): void {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + this.#wanted - this.#held);
      at += part.length;
      const whole = this.#complete(part);
      if (whole) this.#heed(whole);
    }
  }

  /** The bytes that were wanted, once all are there. */
  #complete(part: Buffer): Buffer | undefined {
    if (part.length === this.#wanted) return part;
    const held = this.#held + part.length;
    if (held > this.#buffer.length) this.#grow(held);
    part.copy(this.#buffer, this.#held);
    this.#held = held;
    if (held < this.#wanted) return undefined;
    const whole = this.#buffer.subarray(0, held);
    this.#buffer = NOTHING;
    this.#held = 0;
    return whole;
  }

  #grow(needed: number): void {
    const larger = Buffer.alloc(Math.min(this.#wanted, 2 * needed));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }

  #heed(bytes: Buffer): void {
    if (this.#isHeader) this.#expect(bytes.readUInt32BE());
    else {
      this.#wanted = HEADER;
      this.#isHeader = true;
      this.onMessage(messageIn(bytes), bytes.length);
    }
  }

  #expect(length: number): void {
    if (length === 0 || length > this.limit) throw new BadFrame(`a frame of ${length} bytes`);
    this.#wanted = length;
    this.#isHeader = false;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function messageIn(bytes: Buffer): unknown {
  requireShallow(bytes);
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw new BadFrame('a frame that is no JSON');
  }
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = [...Buffer.from('"\\[]{}')];

/** Before anything is made of it. */
function requireShallow(bytes: Buffer): void {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) isText = !isText;
    else if (isText) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === OPEN || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE || byte === CLOSE_LIST) depth -= 1;
    if (depth > DEEPEST) throw new BadFrame('a frame that nests too deep');
  }
}

/** Reads frames off the socket until one is bad; `onBad` is told once, and nothing is read after it. Answers the listener. */
export function readFrames(socket: Socket, reader: FrameReader, onBad: (why: string) => void) {
  const take = (piece: Buffer) => {
    try {
      reader.push(piece);
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      socket.off('data', take);
      onBad(error.message);
    }
  };
  socket.on('data', take);
  return take;
}
