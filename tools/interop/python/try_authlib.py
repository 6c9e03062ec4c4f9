import json
import urllib.request
import warnings

warnings.simplefilter("ignore")
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from library import tried, versions


def verify(token, scope):
    with urllib.request.urlopen(scope["jwks_uri"], timeout=5) as response:
        keys = JsonWebKey.import_key_set(json.load(response))
    claims = JsonWebToken([scope["algorithm"]]).decode(
        token,
        key=lambda header, _payload: keys.find_by_kid(header["kid"]),
        claims_options={
            "iss": {"essential": True, "value": scope["issuer"]},
            "aud": {"essential": True, "value": scope["audience"]},
        },
    )
    claims.validate()


def session(task):
    return OAuth2Session(
        task["client_id"], task["client_secret"], token_endpoint_auth_method="client_secret_basic"
    )


def introspect(token, task):
    return session(task).introspect_token(task["introspection_endpoint"], token=token).json()["active"]


def revoke(token, task):
    session(task).revoke_token(task["revocation_endpoint"], token=token).raise_for_status()


tried(versions("Authlib") + ", client_secret_basic", verify, introspect, revoke)
