export interface StreamedEvent {
  readonly name: string;
  readonly data: string;
}

/** A page of revocations takes some 40 KiB. */
const MAX_EVENT_LENGTH = 1024 * 1024;

/**
 * Server-sent events as the HTML standard frames them (§9.2.6), as far as one server of ours writes them. Keeps
 * the id to resume after.
 */
export class EventLines {
  /** Empty where nothing may be resumed. */
  lastEventId = '';
  #text = '';
  #id: string | undefined;
  #name = '';
  #data: string[] = [];
  #length = 0;

  /** The events that the text completes. Throws for one that is too long. */
  *take(text: string): Generator<StreamedEvent> {
    this.#text += text;
    const lines = this.#text.split(/\r\n|\n|\r(?!$)/);
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      this.#limit(line.length);
      if (line === '') yield* this.#dispatch();
      else this.#field(line);
    }
    if (this.#text.length > MAX_EVENT_LENGTH) this.#limit(this.#text.length);
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.#name = value;
    else if (name === 'data') this.#data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
  }

  *#dispatch(): Generator<StreamedEvent> {
    const event = { name: this.#name, data: this.#data.join('\n') };
    const [id, hasData] = [this.#id, this.#data.length > 0];
    this.#id = undefined;
    this.#name = '';
    this.#data = [];
    this.#length = 0;
    if (hasData) yield event;
    // Only what was taken in full may be resumed after.
    if (id !== undefined) this.lastEventId = id;
  }

  #limit(added: number): void {
    this.#length += added;
    if (this.#length > MAX_EVENT_LENGTH) throw new Error('an event is too long');
  }
}
