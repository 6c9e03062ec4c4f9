import json
import urllib.request

from joserfc import jwt
from joserfc.jwk import KeySet
from library import tried, versions


def verify(token, scope):
    with urllib.request.urlopen(scope["jwks_uri"], timeout=5) as response:
        keys = KeySet.import_key_set(json.load(response))
    claims = jwt.decode(token, keys, algorithms=[scope["algorithm"]]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": scope["issuer"]},
        aud={"essential": True, "value": scope["audience"]},
        exp={"essential": True},
    ).validate(claims)


tried(versions("joserfc"), verify)
