/** Text that YAML reads as that text without quotes, inside of brackets too: no sign, number or special value. */
const PLAIN = /^\p{L}[^\s,{}[\]"'#]*(?<!:)$/u;
const OTHERWISE_READ = new Set(['null', 'true', 'false']);

/** A value on one line, as YAML's flow style has it. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${name}: ${flowText(member)}`);
    return `{${members.join(', ')}}`;
  }
  if (typeof value !== 'string') return String(value);
  const plain = PLAIN.test(value) && !OTHERWISE_READ.has(value.toLowerCase());
  return plain ? value : JSON.stringify(value);
}
