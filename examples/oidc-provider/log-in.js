import { text } from 'node:stream/consumers';

const PAGE = `<!doctype html><title>Log in</title>
<form method="post"><label>Account <input name="account" required></label> <button>Log in</button></form>`;

/** Whoever names an account is believed: put your own log-in here. */
export function logIn(provider) {
  return async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    await provider.interactionDetails(ctx.req, ctx.res);
    if (ctx.method !== 'POST') {
      ctx.body = PAGE;
      return;
    }
    const accountId = new URLSearchParams(await text(ctx.req)).get('account');
    if (!accountId) ctx.throw(400);
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } });
  };
}
