import { z } from 'zod';
import { isLoopbackHost, withoutBrackets } from '../lib/address.ts';
import { isForbiddenAddress, isLoopbackAddress } from '../lib/address-guard.ts';

const file = z.string().min(1);

/** The section `tracing` of the configuration. Without an endpoint nothing of it is loaded. */
export const tracingSection = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'use an https:// URL' })
      .optional()
      .describe(
        'The OpenTelemetry collector, by OTLP over HTTP; `/v1/traces` and `/v1/metrics` are added. https, or http to loopback. Default: tracing is off.',
      ),
    ca_file: file
      .optional()
      .describe('PEM of the authorities of the collector’s certificate. Default: those that Node knows.'),
    headers_file: file
      .optional()
      .describe('File with headers for the collector, such as a credential: a line `name: value` each.'),
    service_name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'use 1 to 64 letters, digits, dots, hyphens')
      .default('keyward')
      .describe('`service.name` of all that is sent.'),
    sample_ratio: z
      .number()
      .min(0)
      .max(1)
      .default(0.05)
      .describe('Share of the requests that are traced where the caller does not decide it.'),
    asked_per_second: z
      .int()
      .min(0)
      .max(10_000)
      .default(50)
      .describe(
        'Requests traced each second because their authenticated caller traces them. Above it `sample_ratio` decides.',
      ),
    queue: z.int().min(64).max(65_536).default(2_048).describe('Spans that wait; more are lost.'),
    export_seconds: z.int().min(1).max(300).default(5).describe('How often spans are sent, at least.'),
    metrics_seconds: z
      .int()
      .min(5)
      .max(3_600)
      .nullable()
      .default(60)
      .describe('How often the metrics are sent; null for never.'),
    deadline_ms: z
      .int()
      .min(100)
      .max(60_000)
      .default(5_000)
      .describe('After it, an attempt to send is given up, and what it carried is lost.'),
  })
  .refine(
    ({ endpoint }) =>
      !endpoint
        ?.replace(/^[^/]*\/\//, '')
        .split('/', 1)[0]
        ?.includes('@'),
    {
      path: ['endpoint'],
      error: 'leave out user and password: name a headers_file',
    },
  )
  .refine(({ endpoint }) => !endpoint || !/[?#]/.test(endpoint), {
    path: ['endpoint'],
    error: 'leave out query and fragment',
  })
  .refine(({ endpoint }) => !endpoint || isCollectorUrl(endpoint), {
    path: ['endpoint'],
    error: 'use https:// and an address of one machine; http:// only to loopback',
  })
  .prefault({});

export type TracingSettings = z.infer<typeof tracingSection>;

/** Every path absolute. */
export function tracingSettings(section: TracingSettings, at: (path: string) => string): TracingSettings {
  const { ca_file, headers_file } = section;
  return {
    ...section,
    ...(ca_file === undefined ? {} : { ca_file: at(ca_file) }),
    ...(headers_file === undefined ? {} : { headers_file: at(headers_file) }),
  };
}

function isCollectorUrl(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint);
  const host = withoutBrackets(hostname);
  if (protocol === 'http:') return isLoopbackHost(host);
  return !/^[\d.]+$|:/.test(host) || !isRefusedCollector(protocol, host);
}

/** Also of an address that the name of a collector stands for. */
export function isRefusedCollector(protocol: string, address: string): boolean {
  if (isLoopbackAddress(address)) return false;
  return protocol === 'http:' || isForbiddenAddress(address, 'any-host');
}
