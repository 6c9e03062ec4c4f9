/**
 * A signer process without an HSM that misbehaves on command. Its first argument names a folder that stands for
 * the token: files in it say what is wrong with it, and `journal` keeps what every process was asked. What a
 * key's kid says happens when it signs.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyReference, TokenDescription } from '../../src/kernel/signer.ts';
import type { Failure, Opening, Request, SignOutcome } from '../../src/signer/protocol.ts';

const token = process.argv[2] ?? '';
let hidden: string[] = [];

const FAILURES: Record<string, Failure> = {
  refuse: { code: 'binding_refused', message: 'the claims are of another scope' },
  retry: { code: 'hsm_unavailable', message: 'the HSM did not answer', ckr: 0x50, remedy: 'retry' },
  replace: {
    code: 'hsm_unavailable',
    message: 'the HSM lost the key',
    detail: 'C_Sign: CKR_OBJECT_HANDLE_INVALID (0x82)',
    ckr: 0x82,
    remedy: 'replace',
  },
  pin: {
    code: 'pin_latched',
    message: 'the PIN was rejected',
    detail: 'C_Login: CKR_PIN_INCORRECT (0xa0)',
    ckr: 0xa0,
    remedy: 'stop',
  },
  misconfigured: { code: 'invalid_config', message: 'the PIN file is not there', remedy: 'stop' },
  template: { code: 'hsm_refused', message: 'the HSM refused the operation', ckr: 0xd1, remedy: 'stop' },
};

const HIDDEN = 'hidden';
const has = (name: string) => existsSync(join(token, name));
const read = (name: string) => JSON.parse(readFileSync(join(token, name), 'utf8'));
const journal = (line: string) => appendFileSync(join(token, 'journal'), `${process.pid} ${line}\n`);

const answers = {
  pin: () => ({
    gives: {
      state: 'clear',
      attempts: 0,
      isAccepted: true,
      permit: null,
      ...(has('pin-state') ? read('pin-state') : {}),
    },
  }),
  open({ pin }: Opening): unknown {
    journal(pin ? `open ${pin.permit.id}` : 'open');
    if (has('dies')) process.exit(3);
    hidden = has(HIDDEN) ? readFileSync(join(token, HIDDEN), 'utf8').split(' ') : [];
    if (has('absent')) return failing({ ...(FAILURES.replace as Failure), message: 'no such token' });
    if (has('misconfigured')) return failing(FAILURES.misconfigured as Failure);
    if (has('pin-rejected')) return failing(FAILURES.pin as Failure);
    return has('mute') ? undefined : { gives: describe() };
  },
  serve: (keys: readonly KeyReference[]) => proving('serve', keys),
  serveAlso: (keys: readonly KeyReference[]) => proving('serveAlso', keys),
  release(hsmIds: readonly string[]): unknown {
    journal(`release ${hsmIds.join(' ')}`);
    return { gives: null };
  },
  sign(items: readonly (readonly [string, string])[]): unknown {
    journal(`sign ${items.length}`);
    const gives = items.map(([kid, input]) => sign(kid, input));
    return gives.includes(undefined) ? undefined : { gives };
  },
  generate({ label }: { label: string }): unknown {
    journal(`generate ${label}`);
    if (label === 'hang') return undefined;
    return label in FAILURES ? failing(FAILURES[label] as Failure) : { gives: { kid: label } };
  },
  trial: () => ({ gives: { refused: null, unproven: [], signatureMs: 1 } }),
  inventory: () => ({ gives: [] }),
  prove: () => ({ gives: {} }),
  discard: () => ({ gives: null }),
  destroy: () => ({ gives: null }),
  sealed: () => ({ gives: { checkpoint: null, head: null } }),
  describe: () => ({ gives: describe() }),
  report: () => ({ gives: { mechanisms: [] } }),
};

function proving(op: string, keys: readonly KeyReference[]): unknown {
  journal(`${op} ${keys.map(({ kid }) => kid).join(' ')}`);
  const gives = keys.map(({ kid }) => {
    const found = !hidden.includes(kid);
    return { kid, found, proven: found, attributes: {}, unproven: found ? [] : ['not found'] };
  });
  return { gives };
}

function failing(failure: Failure): unknown {
  return { failure };
}

/** `exit-once` and its like do it to one process only; the next finds a mark and signs. */
function sign(kid: string, input: string): SignOutcome | undefined {
  const [command = '', once] = kid.split('-');
  if (once === 'once') {
    if (has(kid)) return signature(kid, input);
    writeFileSync(join(token, kid), '');
  }
  if (command === 'exit') process.exit(3);
  if (command === 'hang') return undefined;
  if (command === 'shape') return 'no bytes' as unknown as SignOutcome;
  return FAILURES[command] ?? signature(kid, input);
}

function signature(kid: string, input: string): Uint8Array {
  return new Uint8Array(Buffer.from(`${kid} signed ${input}`));
}

function describe(): TokenDescription {
  return {
    label: 'fake',
    serial: '1',
    manufacturer: JSON.stringify(process.env),
    model: process.execArgv.join(' '),
    firmware: '1',
    algorithms: ['ES256'],
    sessions: 1,
    mechanisms: [],
  };
}

process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, op, takes }: Request) => {
  const answer = (answers[op] as (takes: unknown) => unknown)(takes);
  if (answer !== undefined) process.send?.({ id, ...answer }, () => {});
});
process.send?.({ log: 'info', message: 'started', details: { by: 'test' } }, () => {});
console.error('printed by a module');
