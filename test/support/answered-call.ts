import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnsweredCall } from './command-answers.ts';
import { keyward, type Ran } from './command-line.ts';
import { operationsStub } from './operations-stub.ts';

/** Runs it against a service that answers so; `folder` gets the credential. */
export async function runAnswered(
  { argv, answers, files = {} }: AnsweredCall,
  folder: string,
  options: Parameters<typeof keyward>[1] = {},
): Promise<Ran> {
  const stub = await operationsStub(answers);
  const file = join(folder, 'operator');
  writeFileSync(file, `kw_ops_of_a_test\norigin ${stub.url}\n`, { mode: 0o600 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const placed = argv.map((arg) => (arg.startsWith('./') ? join(folder, arg) : arg));
  try {
    return await keyward([...placed, '--url', stub.url, '--credential-file', file], options);
  } finally {
    await stub.close();
  }
}
