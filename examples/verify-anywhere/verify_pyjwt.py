import sys

import jwt

url, issuer, audience = sys.argv[1:]
keys = jwt.PyJWKClient(url, cache_keys=False, lifespan=60)


def verify(token):
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["ES256"],
        issuer=issuer,
        audience=audience,
        options={"require": ["iss", "aud", "exp", "iat"]},
    )


try:
    print("accepted", verify(sys.stdin.read().strip())["sub"])
except jwt.PyJWTError as refused:
    sys.exit(f"refused: {refused}")
