import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config.ts';
import { openPinLatches } from '../../../src/hsm/pin-latches.ts';
import { FIRST_TOKEN } from '../../../src/kernel/key.ts';
import { beginPinAttempt, clearLatch } from '../../../src/signer/pin-latch.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const ADA = { operatorId: 'ada', requestId: 'req-1' };
const PIN_FILE = { inode: '7', size: '9', mtimeNs: '100', ctimeNs: '100' };
const configFile = join(folder.path, 'config.yaml');
writeFileSync(configFile, 'hsm: {module: m.so, token_label: a, token_serial: "1", pin_file: pin}');
const config = loadConfig(configFile);
const latch = config.hsm.latch_file ?? '';
const reject = () => beginPinAttempt(latch, { tokenSerial: 'a1', pinFile: PIN_FILE }).rejected(0xa0);

let started = 0;
const start = async () => {
  started += 1;
};
const latches = (whileConfirming: () => void) =>
  openPinLatches({
    config,
    links: new Map([[FIRST_TOKEN, { start, state: () => 'ready' }]]),
    sinks: { confirm: async () => whileConfirming() },
    permits: new Map(),
    audit: { record: async () => {}, lastAbout: async () => undefined },
  });

beforeEach(() => {
  clearLatch(latch);
  started = 0;
});

it('one person clears no latch that closed while the sinks were told', async () => {
  const { read: look, clear } = latches(reject);
  expect((await look(FIRST_TOKEN)).state).toBe('clear');
  await expect(clear(FIRST_TOKEN, { ...ADA, alone: true })).rejects.toMatchObject({
    code: 'proposal_outdated',
  });
  expect([(await look(FIRST_TOKEN)).state, started]).toEqual(['rejected', 0]);
});

it('one person has a token opened whose PIN is not latched, and two any', async () => {
  const { read: look, clear } = latches(() => {});
  expect(await clear(FIRST_TOKEN, { ...ADA, alone: true })).toEqual({ open: true });
  reject();
  expect(await clear(FIRST_TOKEN, ADA)).toEqual({ open: true });
  expect([(await look(FIRST_TOKEN)).state, started]).toEqual(['clear', 2]);
});

it('a latch that is clear keeps that its PIN was accepted, which a cleared one does not', async () => {
  const { clear } = latches(() => {});
  beginPinAttempt(latch, { tokenSerial: 'a1', pinFile: PIN_FILE }).succeeded();
  const accepted = () => JSON.parse(readFileSync(latch, 'utf8')).lastSuccess !== null;
  await clear(FIRST_TOKEN, ADA);
  expect(accepted()).toBe(true);
  reject();
  await clear(FIRST_TOKEN, ADA);
  expect(accepted()).toBe(false);
});

it('of a signer that runs by itself no latch is cleared here: it is asked again', async () => {
  const file = join(folder.path, 'apart.yaml');
  writeFileSync(file, 'hsm: {token_label: a, token_serial: "1", signer: {socket: s, user: u}}');
  let state: 'latched' | 'ready' = 'latched';
  let asked = 0;
  const ask = async () => {
    asked += 1;
  };
  const recorded: unknown[] = [];
  const { read: look, clear } = openPinLatches({
    config: loadConfig(file),
    links: new Map([[FIRST_TOKEN, { start: ask, state: () => state }]]),
    sinks: { confirm: async () => {} },
    permits: new Map(),
    audit: { record: async (event) => void recorded.push(event), lastAbout: async () => undefined },
  });
  expect(await look(FIRST_TOKEN)).toEqual({ state: 'rejected', attempts: 0 });
  expect(await clear(FIRST_TOKEN, ADA)).toEqual({ open: false });
  state = 'ready';
  expect(await clear(FIRST_TOKEN, ADA)).toEqual({ open: true });
  expect([asked, recorded.length]).toEqual([2, 2]);
});
