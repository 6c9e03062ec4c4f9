import { expect, it } from 'vitest';
import { isRefusedCollector, tracingSection, tracingSettings } from '../../../src/tracing/settings.ts';

const refusals = (section: object) =>
  (tracingSection.safeParse(section).error?.issues ?? []).map(({ path, message }) => [
    path.join('.'),
    message,
  ]);

it('is off by itself', () => {
  expect(tracingSection.parse(undefined)).toEqual({
    service_name: 'keyward',
    sample_ratio: 0.05,
    asked_per_second: 50,
    queue: 2_048,
    export_seconds: 5,
    metrics_seconds: 60,
    deadline_ms: 5_000,
  });
});

it('has absolute paths', () => {
  const section = tracingSection.parse({ ca_file: 'ca.pem', headers_file: 'headers' });
  expect(tracingSettings(section, (path) => `/etc/keyward/${path}`)).toMatchObject({
    ca_file: '/etc/keyward/ca.pem',
    headers_file: '/etc/keyward/headers',
  });
});

it.each([
  'https://collector.example:4318',
  'https://collector.example/otlp/',
  'https://10.0.0.7:4318',
  'https://127.0.0.1:4318',
  'http://127.0.0.1:4318',
  'http://[::1]:4318',
  'http://localhost:4318',
])('takes %s', (endpoint) => {
  expect(refusals({ endpoint })).toEqual([]);
});

const NOT_THERE = 'use https:// and an address of one machine; http:// only to loopback';
it.each([
  ['http://collector.example:4318', NOT_THERE],
  ['http://10.0.0.7:4318', NOT_THERE],
  ['http://localhost.example:4318', NOT_THERE],
  ['https://169.254.169.254', NOT_THERE],
  ['https://[fe80::1]', NOT_THERE],
  ['https://me:s3cret@collector.example', 'leave out user and password: name a headers_file'],
  ['https://collector.example?key=s3cret', 'leave out query and fragment'],
  ['https://collector.example#s3cret', 'leave out query and fragment'],
  ['grpc://collector.example:4317', 'use an https:// URL'],
  ['collector.example:4318', 'use an https:// URL'],
])('refuses %s', (endpoint, advice) => {
  expect(refusals({ endpoint })).toContainEqual(['endpoint', advice]);
});

it('refuses members that there are not', () => {
  expect(tracingSection.safeParse({ headers: { authorization: 's3cret' } }).success).toBe(false);
});

it.each([
  ['http:', '127.0.0.1', false],
  ['http:', '::1', false],
  ['http:', '10.0.0.7', true],
  ['https:', '10.0.0.7', false],
  ['https:', '127.0.0.1', false],
  ['https:', '169.254.169.254', true],
])('by %s a name at %s is refused: %s', (protocol, address, isRefused) => {
  expect(isRefusedCollector(protocol, address)).toBe(isRefused);
});
