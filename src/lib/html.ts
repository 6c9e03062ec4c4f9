/** What a terminal would obey, or show in another order, stands as U+FFFD: the text came from elsewhere. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\ufffd');
}

/** Text that is markup already: made by `html` and nothing else. */
export class Markup {
  readonly #text: string;

  private constructor(text: string) {
    this.#text = text;
  }

  /** The literal parts are markup; whatever is put in between is text, and escaped, unless `html` made it. */
  static from(parts: TemplateStringsArray, values: readonly Insertable[]): Markup {
    return new Markup(
      parts.map((part, at) => (at === 0 ? '' : inserted(values[at - 1] as Insertable)) + part).join(''),
    );
  }

  toString(): string {
    return this.#text;
  }
}

type Insertable = string | number | Markup | readonly Markup[];

/** `html\`<p>${text}</p>\``; attributes must be quoted. */
export function html(parts: TemplateStringsArray, ...values: readonly Insertable[]): Markup {
  return Markup.from(parts, values);
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function inserted(value: Insertable): string {
  if (value instanceof Markup) return value.toString();
  if (Array.isArray(value)) return value.join('\n');
  return printable(String(value)).replaceAll(/[&<>"']/g, (character) => ESCAPED[character] ?? '');
}
