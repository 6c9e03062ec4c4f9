/** How the message begins that says of a module that it answers and does not show the token. */
export const TOKEN_ABSENT = 'the HSM token is not present';
