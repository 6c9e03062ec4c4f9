import jwt
from library import tried, versions


def verify(token, scope):
    if jwt.get_unverified_header(token)["typ"] != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    jwt.decode(
        token,
        jwt.PyJWKClient(scope["jwks_uri"]).get_signing_key_from_jwt(token).key,
        algorithms=[scope["algorithm"]],
        issuer=scope["issuer"],
        audience=scope["audience"],
    )


tried(versions("PyJWT"), verify)
