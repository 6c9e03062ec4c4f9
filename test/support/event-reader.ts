export interface HeardEvent {
  readonly id?: string;
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the whole shape
  readonly data: any;
}

export interface EventReader {
  readonly status: number;
  readonly headers: Headers;
  /** Comments heard so far. */
  comments(): number;
  /** The next event; undefined once the stream has ended. */
  next(): Promise<HeardEvent | undefined>;
  /** The problem document of a refusal. */
  // biome-ignore lint/suspicious/noExplicitAny: tests assert the whole shape
  problem(): Promise<any>;
  cancel(): void;
}

/** Reads server-sent events one by one. */
export async function readEvents(url: string, headers: Record<string, string>): Promise<EventReader> {
  const abort = new AbortController();
  const response = await fetch(url, { headers, signal: abort.signal });
  let comments = 0;
  const events = parse(response.body, () => {
    comments += 1;
  });
  return {
    status: response.status,
    headers: response.headers,
    comments: () => comments,
    next: async () => (await events.next()).value,
    problem: () => response.json(),
    cancel: () => abort.abort(),
  };
}

async function* parse(
  body: ReadableStream<Uint8Array> | null,
  onComment: () => void,
): AsyncGenerator<HeardEvent, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block === ':') onComment();
      else yield asEvent(block);
    }
  }
  return undefined;
}

function asEvent(block: string): HeardEvent {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
    }),
  );
  const { id, event = 'message', data } = fields;
  return { ...(id === undefined ? {} : { id }), event, data: JSON.parse(data ?? '') };
}
