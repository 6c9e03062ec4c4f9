import { hash } from 'node:crypto';
import type { KeywardError } from '../kernel/errors.ts';
import { html, type Markup } from '../lib/html.ts';
import { humanSpan } from '../lib/instant.ts';
import { asKeywardError, retryAfterSeconds } from './problem.ts';
import type { ApiResponse } from './route.ts';
import { noteProblem, send } from './send.ts';

/** A constant, so that its hash can stand in the policy of the page, and nothing that is told ever in it. */
const STYLE = html`
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; line-height: 1.2; }
  label { display: block; font-weight: 600; margin-top: 1.25rem; }
  .hint { margin: 0 0 .25rem; font-size: .9rem; }
  .wrong { border: 2px solid; padding: .75rem 1rem; }
  .number { font: 600 1.75rem/1.2 ui-monospace, monospace; letter-spacing: .05em; }
  textarea, input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }
  textarea.code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
  button { font: inherit; margin-top: 1.5rem; padding: .6rem 1.5rem; }
`;

/** For the policy with which the page is sent (CSP level 2, §2.6). */
export const STYLE_HASH = `sha256-${hash('sha256', STYLE.toString(), 'base64')}`;

/** A page that needs nothing else and runs nothing. */
export function page(title: string, content: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.toString();
}

const PAGE = ['Content-Type', 'text/html; charset=utf-8', 'Cache-Control', 'no-store'];

/** A page for a person, kept by no cache. */
export function sendPage(
  response: ApiResponse,
  status: number,
  body: string,
  headers: readonly string[] = [],
): void {
  send(response, status, [...PAGE, ...headers], body, response.locals.plane.pageHeaders);
}

/** What went wrong, with the status that a problem document would have. */
export function sendProblemPage(
  response: ApiResponse,
  thrown: unknown,
  show: (advice: string) => string,
): void {
  const error = asKeywardError(thrown);
  const { status, headers } = noteProblem(response, error);
  sendPage(response, status, show(adviceOf(error)), headers);
}

/** People do not read headers. */
function adviceOf(error: KeywardError): string {
  if (error.code !== 'rate_limited') return error.message;
  return `Too much was sent from where you are, or at all. Try again in ${humanSpan(retryAfterSeconds(error) ?? 1)}.`;
}
