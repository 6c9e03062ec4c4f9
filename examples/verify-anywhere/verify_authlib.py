import json
import sys
import time
import urllib.request

from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import JoseError

url, issuer, audience = sys.argv[1:]


class KeySet:
    def __init__(self):
        self.keys, self.until = None, 0

    def find(self, header, _payload):
        if header.get("typ") != "at+jwt":
            raise ValueError("not an access token")
        if time.monotonic() >= self.until:
            with urllib.request.urlopen(url, timeout=5) as response:
                self.keys = JsonWebKey.import_key_set(json.load(response))
            self.until = time.monotonic() + 60
        return self.keys.find_by_kid(header["kid"])


key_set = KeySet()


def verify(token):
    claims = JsonWebToken(["ES256"]).decode(
        token,
        key=key_set.find,
        claims_options={
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
            "iat": {"essential": True},
        },
    )
    claims.validate()
    return claims


try:
    print("accepted", verify(sys.stdin.read().strip())["sub"])
except (JoseError, ValueError, KeyError) as refused:
    sys.exit(f"refused: {refused}")
