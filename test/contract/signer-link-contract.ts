import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeywardError } from '../../src/kernel/errors.ts';
import type { PinPermits } from '../../src/kernel/signer.ts';
import { NODE_FLAGS } from '../../src/lib/node-flags.ts';
import type { SignerLinkOptions } from '../../src/signer/signer-link.ts';
import { DEADLINES, FakeSetup, keys } from '../support/fake-signer-link.ts';

/** What every link does about a process that dies, hangs, lies or goes blind, wherever the process was started. */
export function signerLinkContract(name: string, { isRemote }: { readonly isRemote: boolean }): void {
  describe(name, () => {
    let setup: FakeSetup;
    afterEach(() => setup.close());

    const made = (changes: Partial<SignerLinkOptions> = {}) => FakeSetup.make(changes, isRemote);

    async function started(changes: Partial<SignerLinkOptions> = {}): Promise<FakeSetup> {
      setup = await made(changes);
      await setup.link.start();
      return setup;
    }

    const sign = (kid: string, signingInput = 'input') =>
      setup.link.sign({ kid, signingInput, forCaller: true });
    const text = async (signature: Promise<Buffer>) => (await signature).toString();
    const UNAVAILABLE = { name: 'KeywardError', code: 'hsm_unavailable', retryAfterSeconds: 1 };
    const SPECIFICATION = { hsmId: '00', algorithm: 'ES256', modulusBits: null } as const;

    describe('a signature', () => {
      it('comes back as a Buffer of its own', async () => {
        await started();
        const signature = await sign('key');
        expect(Buffer.isBuffer(signature)).toBe(true);
        expect(signature.toString()).toBe('key signed input');
      });

      it('is refused alone, while its neighbours in the same batch are made', async () => {
        await started();
        const results = await Promise.allSettled([sign('a'), sign('b'), sign('refuse'), sign('c')]);
        expect(results.map(({ status }) => status)).toEqual([
          'fulfilled',
          'fulfilled',
          'rejected',
          'fulfilled',
        ]);
        expect(results[2]).toMatchObject({
          reason: { code: 'binding_refused', message: 'the claims are of another scope' },
        });
      });

      it('travels in batches that grow while they are answered in time', async () => {
        await started();
        const all = await Promise.all(Array.from({ length: 30 }, (_, n) => text(sign('key', String(n)))));
        expect(all).toEqual(Array.from({ length: 30 }, (_, n) => `key signed ${n}`));
        expect(setup.asked()).toEqual([
          'open',
          ...[1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 2].map((size) => `sign ${size}`),
        ]);
      });

      it('is refused as overloaded when the queue is full, and the queued ones are made', async () => {
        await started({ queueLimit: 2 });
        const queued = [sign('a'), sign('b')];
        await expect(sign('c')).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
        expect(setup.link.queued()).toBe(2);
        expect(await Promise.all(queued.map(text))).toEqual(['a signed input', 'b signed input']);
        expect(setup.link.queued()).toBe(0);
      });

      it('is refused when the signer did not get to it within the deadline', async () => {
        await started();
        const held = Promise.allSettled([...Array.from({ length: 4 }, () => sign('hang')), sign('waits')]);
        await sent(4);
        setup.timers.pass(DEADLINES.signMs);
        expect(await held).toMatchObject(Array.from({ length: 5 }, () => ({ reason: UNAVAILABLE })));
      });
    });

    describe('a process that is lost', () => {
      it('by SIGKILL: what was under way is signed by the next one', async () => {
        await started();
        expect(await Promise.all([text(sign('exit-once')), text(sign('b'))])).toEqual([
          'exit-once signed input',
          'b signed input',
        ]);
        expect(setup.of('replaced')).toEqual([{ type: 'replaced', why: 'exited with code 3' }]);
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 3);
        expect(await text(sign('c'))).toBe('c signed input');
        expect(setup.of('replaced')[1]).toEqual({ type: 'replaced', why: 'killed by SIGKILL' });
      });

      it('twice by the same call: the call is given up, the next one is served', async () => {
        await started();
        await expect(sign('exit')).rejects.toMatchObject(UNAVAILABLE);
        await setup.until('ready', 3);
        expect(await text(sign('b'))).toBe('b signed input');
        expect(setup.processes()).toBe(3);
      });

      it('because it hangs: it is killed at the deadline of a signature', async () => {
        await started();
        const hung = expect(sign('hang-once')).rejects.toMatchObject(UNAVAILABLE);
        await sent(1);
        setup.timers.pass(DEADLINES.signMs);
        await hung;
        await setup.until('ready', 2);
        expect(await text(sign('b'))).toBe('b signed input');
        expect(setup.of('replaced')).toEqual([
          { type: 'replaced', why: 'no answer to sign within 601000 ms' },
        ]);
      });

      it('because it is stopped while idle: the question of each second finds it', async () => {
        await started();
        process.kill(setup.pid(), 'SIGSTOP');
        setup.timers.pass(1_000);
        setup.timers.pass(DEADLINES.signMs);
        await setup.until('ready', 2);
        expect(setup.of('replaced')).toEqual([
          { type: 'replaced', why: 'no answer to describe within 601000 ms' },
        ]);
      });

      it('because it answers with something that is no signature', async () => {
        await started();
        expect(await text(sign('shape-once'))).toBe('shape-once signed input');
        expect(setup.of('replaced')).toEqual([
          { type: 'replaced', why: 'answered sign with something else' },
        ]);
      });

      it('while it makes a key: that is never repeated, and the caller hears that nobody knows', async () => {
        await started();
        const generation = setup.link.generate({ ...SPECIFICATION, label: 'hang' });
        setup.timers.pass(DEADLINES.generateMs);
        await expect(generation).rejects.toMatchObject({
          ...UNAVAILABLE,
          message: 'the HSM went away; whether the change was made is unknown',
        });
        await setup.until('ready', 2);
        expect(setup.asked().filter((line) => line.startsWith('generate')).length).toBeLessThanOrEqual(1);
      });
    });

    describe('a new process', () => {
      it('is given the last set of keys before it signs', async () => {
        await started();
        await setup.link.serve(keys('old'));
        await setup.link.serve(keys('a', 'b'));
        expect(await text(sign('exit-once'))).toBe('exit-once signed input');
        expect(setup.asked()).toEqual([
          'open',
          'serve old',
          'serve a b',
          'sign 1',
          'open',
          'serve a b',
          'sign 1',
        ]);
        expect(setup.of('proofs')).toHaveLength(1);
      });

      it('is given what was served also, and nothing that was released', async () => {
        await started();
        await setup.link.serve(keys('a', 'b'));
        await setup.link.serveAlso(keys('c', 'a'));
        await setup.link.release(['b']);
        expect(await text(sign('exit-once'))).toBe('exit-once signed input');
        expect(setup.asked()).toEqual([
          'open',
          'serve a b',
          'serveAlso c a',
          'release b',
          'sign 1',
          'open',
          'serve c a',
          'sign 1',
        ]);
      });

      it('tells what it found of the keys, and which it could not find', async () => {
        await started();
        await setup.link.serve(keys('a', 'b'));
        setup.put('hidden', 'b');
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 2);
        const proofs = setup.of('proofs').map((event) => event.proofs.map(({ kid, found }) => [kid, found]));
        expect(proofs).toEqual([
          [
            ['a', true],
            ['b', false],
          ],
        ]);
        expect(setup.of('missing')).toEqual([{ type: 'missing', kids: ['b'] }]);
      });

      it('remembers what was to be served also, or released, while the signer was away', async () => {
        setup = await made();
        setup.put('absent');
        await setup.link.start();
        await expect(setup.link.serve(keys('a', 'b'))).rejects.toMatchObject(UNAVAILABLE);
        await expect(setup.link.serveAlso(keys('c'))).rejects.toMatchObject(UNAVAILABLE);
        await expect(setup.link.release(['a'])).rejects.toMatchObject(UNAVAILABLE);
        setup.remove('absent');
        await setup.until('ready');
        expect(setup.asked().at(-1)).toBe('serve b c');
      });

      it('remembers keys that were given while the signer was away', async () => {
        setup = await made();
        setup.put('absent');
        await setup.link.start();
        await expect(setup.link.serve(keys('late'))).rejects.toMatchObject(UNAVAILABLE);
        setup.remove('absent');
        await setup.until('ready');
        expect(setup.asked().at(-1)).toBe('serve late');
        expect(setup.of('proofs').map(({ proofs }) => proofs.map(({ kid }) => kid))).toEqual([['late']]);
      });

      it('gets the environment that was set, the size of the thread pool and nothing of the front’s', async () => {
        await started();
        const { manufacturer, model } = await setup.link.describe();
        expect(JSON.parse(manufacturer)).toMatchObject({ GREETING: 'hello', UV_THREADPOOL_SIZE: '7' });
        expect(Object.keys(JSON.parse(manufacturer)).filter((name) => !name.startsWith('NODE_'))).toEqual([
          'GREETING',
          'UV_THREADPOOL_SIZE',
        ]);
        expect(model).toBe(NODE_FLAGS.join(' '));
      });

      it('has what it logs and what its module prints told as events', async () => {
        await started();
        await setup.until('log');
        expect(setup.of('log')).toContainEqual({
          type: 'log',
          log: 'info',
          message: 'started',
          details: { by: 'test' },
        });
        const printed = { log: 'warn', message: 'printed by a module' };
        await vi.waitFor(() => expect(setup.lines).toContainEqual(expect.objectContaining(printed)));
        // Of a signer that runs by itself, that is for its own log.
        expect(setup.of('log').filter(({ message }) => message === printed.message)).toHaveLength(
          isRemote ? 0 : 1,
        );
      });
    });

    describe('a key that is missing', () => {
      it('is told by a fresh process, looked for by others, and serves again when one sees it', async () => {
        setup = await made();
        setup.put('hidden', 'b');
        await setup.link.start();
        await setup.link.serve(keys('a', 'b'));
        expect(setup.of('missing')).toEqual([{ type: 'missing', kids: ['b'] }]);
        await opened(2);
        expect(setup.of('replaced')).toEqual([]);
        setup.remove('hidden');
        await setup.until('ready', 2);
        expect(setup.of('replaced')).toEqual([
          { type: 'replaced', why: 'a fresh process proves 2 keys, not 1' },
        ]);
        expect(setup.of('proofs').map(({ proofs }) => proofs.map(({ kid }) => kid))).toEqual([['a', 'b']]);
        expect(setup.of('missing')).toEqual([
          { type: 'missing', kids: ['b'] },
          { type: 'missing', kids: [] },
        ]);
      });

      it('is looked for where it was served also, and no more once it is released', async () => {
        await started();
        await setup.link.serve(keys('a'));
        setup.put('hidden', 'b');
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 2);
        const [proof] = await setup.link.serveAlso(keys('b'));
        expect(proof).toMatchObject({ kid: 'b', found: false });
        await setup.until('missing');
        expect(setup.of('missing')).toEqual([{ type: 'missing', kids: ['b'] }]);
        await setup.link.release(['b']);
        expect(setup.of('missing').at(-1)).toEqual({ type: 'missing', kids: [] });
      });

      it('is told where other keys are served also before the first answer is there', async () => {
        setup = await made();
        setup.put('hidden', 'b');
        await setup.link.start();
        await Promise.all([setup.link.serve(keys('a', 'b')), setup.link.serveAlso(keys('c'))]);
        expect(setup.of('missing')).toEqual([{ type: 'missing', kids: ['b'] }]);
      });

      it('is not looked for once it is released, though it was served also before that', async () => {
        setup = await made();
        setup.put('hidden', 'b');
        await setup.link.start();
        await setup.link.serve(keys('a'));
        await Promise.all([setup.link.serveAlso(keys('b')), setup.link.release(['b'])]);
        // They run beside no probe: one that was due has run when the second is answered.
        for (let n = 0; n < 2; n += 1) await setup.link.inspect(keys('a'));
        expect([setup.processes(), setup.of('replaced'), setup.of('missing')]).toEqual([3, [], []]);
      });

      it('is not told by a process that has served before, until a fresh one misses it too', async () => {
        await started();
        await setup.link.serve(keys('a'));
        setup.put('hidden', 'b');
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 2);
        setup.remove('hidden');
        await setup.link.serve(keys('a', 'b'));
        expect(setup.of('missing')).toEqual([]);
        await setup.until('ready', 3);
        expect(setup.of('missing')).toEqual([]);
        expect(setup.of('replaced')[1]).toEqual({
          type: 'replaced',
          why: 'a fresh process proves 2 keys, not 1',
        });
      });

      it('is told once a fresh process misses it as well', async () => {
        await started();
        await setup.link.serve(keys('a'));
        setup.put('hidden', 'b');
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 2);
        await setup.link.serve(keys('a', 'b'));
        expect(setup.of('missing')).toEqual([]);
        await setup.until('missing');
        expect(setup.of('missing')).toEqual([{ type: 'missing', kids: ['b'] }]);
        expect(setup.of('replaced')).toHaveLength(1);
      });
    });

    describe('an HSM that is away', () => {
      it('lets start settle, refuses calls at once, and serves when it is back', async () => {
        setup = await made();
        setup.put('absent');
        await setup.link.start();
        expect(setup.link.state()).toBe('away');
        await expect(sign('a')).rejects.toMatchObject(UNAVAILABLE);
        await expect(setup.link.inventory()).rejects.toMatchObject(UNAVAILABLE);
        setup.remove('absent');
        await setup.until('ready');
        expect(setup.link.state()).toBe('ready');
        expect(await text(sign('a'))).toBe('a signed input');
        expect(setup.of('away')).toEqual([
          { type: 'away', why: 'no such token: C_Sign: CKR_OBJECT_HANDLE_INVALID (0x82)' },
        ]);
      });

      it('is away too while the system starts no process, for the reason that it gives', async () => {
        setup = await made();
        const { execPath } = process;
        try {
          process.execPath = '/nowhere/node';
          await setup.link.start();
          expect(setup.link.state()).toBe('away');
          expect(setup.of('away')).toEqual([{ type: 'away', why: 'spawn /nowhere/node ENOENT' }]);
          await expect(sign('a')).rejects.toMatchObject(UNAVAILABLE);
        } finally {
          process.execPath = execPath;
        }
        await setup.until('ready');
        expect(await text(sign('a'))).toBe('a signed input');
      });

      it('is away too when it does not answer within the deadline of opening', async () => {
        setup = await made();
        setup.put('mute');
        const start = setup.link.start();
        while (setup.timers.pending(DEADLINES.openMs) === 0) await new Promise(setImmediate);
        setup.remove;
        setup.timers.pass(DEADLINES.openMs);
        await start;
        expect(setup.of('away')).toEqual([{ type: 'away', why: 'no answer to open within 603000 ms' }]);
        setup.remove('mute');
      });
    });

    describe('what a failure asks for', () => {
      it('retry: the signature is asked for once more, of the same process', async () => {
        await started();
        expect(await text(sign('retry-once'))).toBe('retry-once signed input');
        await expect(sign('retry')).rejects.toMatchObject({ ...UNAVAILABLE, cause: { ckr: 0x50 } });
        expect(setup.processes()).toBe(1);
      });

      it('replace: the signature is asked for once more, of a new process', async () => {
        await started();
        expect(await text(sign('replace-once'))).toBe('replace-once signed input');
        expect(setup.processes()).toBe(2);
        expect(setup.of('replaced')).toEqual([
          { type: 'replaced', why: 'the HSM lost the key: C_Sign: CKR_OBJECT_HANDLE_INVALID (0x82)' },
        ]);
      });

      it('stop, for a template: that call is refused and the process goes on', async () => {
        await started();
        await expect(setup.link.generate({ ...SPECIFICATION, label: 'template' })).rejects.toMatchObject({
          code: 'hsm_refused',
        });
        expect(await text(sign('a'))).toBe('a signed input');
        expect(setup.processes()).toBe(1);
      });

      it('stop, for the PIN while serving: every call is refused and no other process tries it', async () => {
        await started();
        const results = await Promise.allSettled([sign('pin'), sign('b'), sign('c')]);
        expect(results[0]).toMatchObject({ reason: { code: 'pin_latched' } });
        expect(setup.link.state()).toBe('latched');
        await expect(sign('d')).rejects.toMatchObject({
          code: 'pin_latched',
          message: 'the HSM is not logged in to: the security team has to look at its PIN',
        });
        await expect(setup.link.describe()).rejects.toMatchObject({ code: 'pin_latched' });
        expect(setup.of('latched')).toEqual([
          {
            type: 'latched',
            why: 'the PIN was rejected: C_Login: CKR_PIN_INCORRECT (0xa0)',
          },
        ]);
        expect(setup.processes()).toBe(1);
        await setup.link.start();
        expect(await text(sign('e'))).toBe('e signed input');
        expect(setup.processes()).toBe(2);
      });

      it('stop, for anything but the PIN at start: it is tried again until it is well', async () => {
        setup = await made();
        setup.put('misconfigured');
        await setup.link.start();
        expect(setup.link.state()).toBe('away');
        await expect(sign('a')).rejects.toMatchObject(UNAVAILABLE);
        setup.remove('misconfigured');
        await setup.until('ready');
        expect(await text(sign('a'))).toBe('a signed input');
        expect(setup.of('latched')).toEqual([]);
      });

      it('stop, for the PIN at start: one process, until an operator starts again', async () => {
        setup = await made();
        setup.put('pin-rejected');
        await setup.link.start();
        expect(setup.link.state()).toBe('latched');
        await expect(sign('a')).rejects.toMatchObject({ code: 'pin_latched' });
        setup.remove('pin-rejected');
        await setup.link.start();
        expect(setup.link.state()).toBe('ready');
        expect(await text(sign('a'))).toBe('a signed input');
        expect(setup.asked()).toEqual(['open', 'open', 'sign 1']);
      });
    });

    describe('a PIN that other hosts try as well', () => {
      const told: string[] = [];
      let refusal: KeywardError | undefined;
      let given = 0;
      const permits: PinPermits = {
        async take(pin) {
          if (refusal) throw refusal;
          given += 1;
          const id = String(given);
          told.push(`${id} taken, ${pin.state}`);
          return {
            terms: { permit: { id, after: 7 }, onlyAccepted: true },
            accepted: () => told.push(`${id} accepted`),
            ended: ({ state }) => told.push(`${id} ended, ${state}`),
          };
        },
      };
      beforeEach(() => {
        told.length = 0;
        refusal = undefined;
        given = 0;
      });

      it('is tried with a permit each time, whose end is told', async () => {
        await started({ permits });
        await setup.link.inspect([]);
        process.kill(setup.pid(), 'SIGKILL');
        await setup.until('ready', 2);
        const openings = setup.asked().filter((line) => line.startsWith('open'));
        expect(openings).toEqual(['open 1', 'open 2', 'open 3']);
        expect(told).toEqual(['1', '2', '3'].flatMap((id) => [`${id} taken, clear`, `${id} accepted`]));
      });

      it('is not tried without one, until people have the PIN tried again', async () => {
        setup = await made({ permits });
        refusal = new KeywardError('pin_latched', 'the HSM rejected the PIN of web-2');
        await setup.link.start();
        expect(setup.link.state()).toBe('latched');
        expect(setup.of('latched')).toEqual([{ type: 'latched', why: 'the HSM rejected the PIN of web-2' }]);
        await expect(sign('a')).rejects.toMatchObject({ code: 'pin_latched' });
        refusal = undefined;
        await setup.link.start();
        expect(setup.link.state()).toBe('ready');
        expect(setup.processes()).toBe(1);
      });

      it('is not tried while nobody knows whether it may be, and asked for again', async () => {
        setup = await made({ permits });
        refusal = new KeywardError('hsm_unavailable', 'the database is away');
        await setup.link.start();
        expect(setup.of('away')).toEqual([{ type: 'away', why: 'the database is away' }]);
        await expect(sign('a')).rejects.toMatchObject(UNAVAILABLE);
        expect(setup.asked()).toEqual([]);
        refusal = undefined;
        await setup.until('ready');
      });

      it('is told of as the signer finds it after it failed, and not at all where its process died', async () => {
        setup = await made({ permits });
        setup.put('pin-state', JSON.stringify({ state: 'rejected' }));
        setup.put('pin-rejected');
        await setup.link.start();
        expect(told).toEqual(['1 taken, rejected', '1 ended, rejected']);
        setup.remove('pin-rejected');
        setup.put('dies');
        await setup.link.start();
        expect(told[2]).toBe('2 taken, rejected');
        expect(told.some((line) => /^2 (?:ended|accepted)/.test(line))).toBe(false);
      });
    });

    describe('stopping', () => {
      it('refuses what waits and what comes, and leaves no process', async () => {
        await started();
        const hung = expect(sign('hang')).rejects.toMatchObject({ code: 'shutting_down' });
        await sent(1);
        await setup.link.stop();
        await hung;
        await expect(sign('a')).rejects.toMatchObject({ code: 'shutting_down' });
        await expect(setup.link.start()).rejects.toMatchObject({ code: 'shutting_down' });
        expect(() => process.kill(setup.pid(), 0)).toThrow('ESRCH');
        expect(setup.of('replaced')).toEqual([]);
      });
    });

    /** Settles when so many processes have been opened, probes among them. */
    async function opened(processes: number): Promise<void> {
      while (setup.processes() < processes) await new Promise(setImmediate);
    }

    /** Settles when the process has read so many messages to sign. */
    async function sent(messages: number): Promise<void> {
      while (setup.asked().filter((line) => line.startsWith('sign')).length < messages) {
        await new Promise(setImmediate);
      }
    }
  });
}
