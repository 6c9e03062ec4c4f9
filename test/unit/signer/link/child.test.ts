import { expect, test } from 'vitest';
import { Child } from '../../../../src/signer/link/child.ts';
import type { ProcessEvents } from '../../../../src/signer/link/process-handle.ts';
import type { Operation, Request } from '../../../../src/signer/protocol.ts';
import { DEADLINES, HandTimers, keys } from '../../../support/fake-signer-link.ts';

/** A process that answers when the test has it answer: a real one keeps no order of the test's. */
function started() {
  const timers = new HandTimers();
  const asked: Request[] = [];
  let listener: ProcessEvents | undefined;
  const child = new Child({
    start(_, heard) {
      listener = heard;
      return { pid: 1, send: (request) => void asked.push(request), leave: () => {}, kill: () => {} };
    },
    sessions: 1,
    deadlines: DEADLINES,
    timers,
    onLog: () => {},
  });
  let why: string | undefined;
  void child.gone.then((reason) => {
    why = reason;
  });
  return {
    child,
    answer(op: Operation, gives: unknown) {
      const at = asked.findIndex((request) => request.op === op);
      const [request] = asked.splice(at, 1);
      listener?.said({ id: request?.id, gives });
    },
    /** Why the process was given up once that time has passed. */
    async goneAfter(ms: number): Promise<string | undefined> {
      timers.pass(ms);
      await Promise.resolve();
      return why;
    },
  };
}

const proofs = (...kids: string[]) =>
  kids.map((kid) => ({ kid, found: true, proven: true, attributes: {}, unproven: [] }));
const ONE_KEY_MS = DEADLINES.openMs + 20;
const TWO_KEYS_MS = DEADLINES.openMs + 40;
const KEY = { hsmId: '00', kid: 'kid', bindingRecord: null };

test('what waits for the keys being served is timed from when its turn comes', async () => {
  const { child, answer, goneAfter } = started();
  void child.call('serve', keys('a', 'b'));
  void child.call('serveAlso', keys('c'));
  void child.call('release', ['a']);
  void child.call('discard', { hsmId: '00' });
  void child.call('destroy', KEY);
  expect([await goneAfter(ONE_KEY_MS), await goneAfter(DEADLINES.openMs)]).toEqual([undefined, undefined]);
  answer('serve', proofs('a', 'b'));
  expect(await goneAfter(DEADLINES.openMs)).toBeUndefined();
  answer('serveAlso', proofs('c'));
  expect(await goneAfter(DEADLINES.openMs)).toBe('no answer to release within 603000 ms');
});

test('the one whose turn it is has its deadline, whatever waits behind it', async () => {
  const { child, goneAfter } = started();
  void child.call('serve', keys('a', 'b'));
  void child.call('serve', keys('a'));
  expect(await goneAfter(ONE_KEY_MS)).toBeUndefined();
  expect(await goneAfter(TWO_KEYS_MS)).toBe('no answer to serve within 603040 ms');
});

test('what destroys waits for keys in the making, and with it what waits for that', async () => {
  const { child, answer, goneAfter } = started();
  void child.call('destroy', KEY);
  void child.call('release', ['a']);
  void child.call('generate', { ...KEY, label: 'label', algorithm: 'RS256', modulusBits: 4_096 });
  void child.call('trial', { algorithm: 'ES256', modulusBits: null });
  expect(await goneAfter(DEADLINES.openMs)).toBeUndefined();
  answer('generate', { kid: 'kid' });
  expect(await goneAfter(DEADLINES.openMs)).toBeUndefined();
  answer('trial', { refused: null, unproven: [], signatureMs: 1 });
  expect(await goneAfter(DEADLINES.openMs)).toBe('no answer to destroy within 603000 ms');
});

test('a key in the making has its deadline, from when its turn comes', async () => {
  const { child, answer, goneAfter } = started();
  void child.call('trial', { algorithm: 'ES256', modulusBits: null });
  void child.call('generate', { ...KEY, label: 'label', algorithm: 'RS256', modulusBits: 4_096 });
  answer('trial', { refused: null, unproven: [], signatureMs: 1 });
  expect(await goneAfter(DEADLINES.generateMs)).toBe('no answer to generate within 602000 ms');
});

test('a signature is late while keys are served, but not while they only wait to be', async () => {
  const signing = () => {
    const { child, ...rest } = started();
    const sign = () => void child.call('sign', [['kid', 'input']]);
    return { child, sign, ...rest };
  };
  const serving = signing();
  void serving.child.call('serve', keys('a', 'b'));
  serving.sign();
  expect(await serving.goneAfter(DEADLINES.signMs)).toBeUndefined();
  const waiting = signing();
  void waiting.child.call('destroy', KEY);
  void waiting.child.call('serve', keys('a', 'b'));
  waiting.sign();
  expect(await waiting.goneAfter(DEADLINES.signMs)).toBe('no answer to sign within 601000 ms');
});
