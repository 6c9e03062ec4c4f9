import { existsSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { type RunningService, startService } from '../support/running-service.ts';

const DEADLINE_MS = 60_000;
const PRODUCTION = { mode: 'production' };
const SOFTWARE = 'software HSM: its keys are files, and a copy of them with the PIN is a copy of the keys';
const TOLD_NOBODY = 'no notification target is configured: security events are told to nobody';

let service: RunningService | undefined;

afterEach(async () => {
  await service?.remove();
  service = undefined;
});

const warnings = ({ log }: RunningService) => log.filter(({ level }) => level === 40).map(({ msg }) => msg);

it(
  'production asks for two persons and takes a software HSM only when told to, which every start says',
  async () => {
    service = await startService({
      twoPersons: true,
      config: PRODUCTION,
      hsm: { allow_software: true },
    });
    expect(warnings(service)).toEqual([SOFTWARE, TOLD_NOBODY]);
    await service.provision({ id: 'payments' });
    expect(existsSync(service.hsm.settings.latchFile)).toBe(true);
  },
  DEADLINE_MS,
);

it(
  'production refuses a software HSM before it tries the PIN, and names the setting',
  async () => {
    const refused = startService({ twoPersons: true, config: PRODUCTION });
    await expect(refused).rejects.toThrow(/is a software HSM .* allow_software: true beside/s);
  },
  DEADLINE_MS,
);

it(
  'production is not set up by one person alone, nor told to go without the second',
  async () => {
    const alone = startService({ config: PRODUCTION, hsm: { allow_software: true } });
    await expect(alone).rejects.toThrow(/enrol two, each into a file .*\[invalid_operator\]/s);
    const told = startService({ config: { ...PRODUCTION, two_persons: false } });
    await expect(told).rejects.toThrow(/two_persons: production needs it/);
  },
  DEADLINE_MS,
);

it(
  'development says with every start that one operator does everything alone, and that the HSM is a program',
  async () => {
    service = await startService();
    expect(warnings(service)).toEqual([
      'development mode: not for production',
      'single-operator mode: one operator alone does what takes two persons; not for production',
      SOFTWARE,
      TOLD_NOBODY,
    ]);
    expect(await service.provision({ id: 'payments' })).toEqual({
      sign: expect.stringMatching(/^kw_svc_/),
      verify: expect.stringMatching(/^kw_svc_/),
    });
  },
  DEADLINE_MS,
);
