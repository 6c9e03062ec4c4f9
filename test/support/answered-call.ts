import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnsweredCall } from './command-answers.ts';
import { keyward, type Ran } from './command-line.ts';
import { operationsStub } from './operations-stub.ts';

/** In place of the port of the moment. */
const ADDRESS = 'https://keyward.example:9090';

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
    const ran = await keyward([...placed, '--url', stub.url, '--credential-file', file], options);
    return { ...ran, out: ran.out.replaceAll(stub.url, ADDRESS).replaceAll(folder, '~') };
  } finally {
    await stub.close();
  }
}
