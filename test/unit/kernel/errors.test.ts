import { expect, it } from 'vitest';
import { KeywardError, operatorText } from '../../../src/kernel/errors.ts';

const system = (message: string, code: string) =>
  Object.assign(new Error(message), { code, syscall: 'open', errno: -24 });

it.each([
  [
    'what the module answered',
    { message: 'the HSM is not available', detail: 'C_Sign: CKR_DEVICE_ERROR (0x30)', ckr: 0x30 },
    'it failed: the HSM is not available: C_Sign: CKR_DEVICE_ERROR (0x30)',
  ],
  [
    'the same message once',
    { message: 'it failed', detail: 'C_Sign: CKR_DEVICE_ERROR (0x30)' },
    'it failed: C_Sign: CKR_DEVICE_ERROR (0x30)',
  ],
  ['a reason in words', 'no answer within 50 ms', 'it failed: no answer within 50 ms'],
  [
    'what the system answered',
    system('EMFILE: too many open files', 'EMFILE'),
    'it failed: EMFILE: too many open files',
  ],
  [
    'what SQLite answered',
    Object.assign(new Error('database disk image is malformed'), { errcode: 11 }),
    'it failed: database disk image is malformed',
  ],
  [
    'why a thread did not start',
    Object.assign(new Error('Worker initialization failure: EMFILE'), { code: 'ERR_WORKER_INIT_FAILED' }),
    'it failed: Worker initialization failure: EMFILE',
  ],
  ['nothing of another error, which may quote what it read', new SyntaxError('at "kw_ops_…"'), 'it failed'],
  ['nothing of what is no text', { detail: 7, kid: 'x' }, 'it failed'],
  ['nothing where there is no cause', undefined, 'it failed'],
  ['a sentence without its stop', 'no answer', 'it failed: no answer', 'it failed.'],
  ['a sentence with its stop where nothing follows', undefined, 'it failed.', 'it failed.'],
])('operators are told %s', (_, cause, text, message = 'it failed') => {
  expect(operatorText(new KeywardError('hsm_unavailable', message, { cause }))).toBe(text);
});
