/** Reserved never to exist (RFC 2606 §2): a scope of this issuer serves nobody, and a drill hits no other. */
export const DRILL_ISSUER = 'https://drill.invalid';
