"""Calls a running service through clients generated from its two API descriptions, and prints what it saw as JSON."""

import base64
import json
import sys

from keyward_data import AuthenticatedClient as DataClient
from keyward_data import Client as AnonymousClient
from keyward_data.api.key_sets import get_key_set, get_signed_key_set
from keyward_data.api.service import get_readiness
from keyward_data.api.tokens import issue_token, issue_tokens
from keyward_data.api.verification import introspect_token, verify_token
from keyward_data.models import (
    ActiveToken,
    IntrospectionRequest,
    IssuedToken,
    OAuthError,
    Problem,
    RefusedToken,
    TokenBatch,
    TokenProblem,
    TokenRequest,
    TokenRequestClaims,
    ValidToken,
    VerifyRequest,
)
from keyward_operations import AuthenticatedClient as OperationsClient
from keyward_operations import Client as AnonymousOperationsClient
from keyward_operations.api.scopes import create_scope, list_scopes
from keyward_operations.models import Problem as OperationsProblem
from keyward_operations.models import ScopeRequest, ScopesAnswer, ScopeWithKeys

task = json.load(sys.stdin)
scope = task["scope"]
seen = {}


def is_a(kind, value):
    assert isinstance(value, kind), value
    return value


def claims(**members):
    return TokenRequestClaims.from_dict(members)


anonymous = AnonymousClient(base_url=task["data_url"])
signs = DataClient(base_url=task["data_url"], token=task["sign"])
verifies = DataClient(base_url=task["data_url"], token=task["verify"])

request = TokenRequest(claims=claims(sub="alice"), ttl_seconds=300)
issued = is_a(IssuedToken, issue_token.sync(scope, client=signs, body=request))
reserved = TokenRequest(claims=claims(sub="alice", exp=1))
seen["problem"] = is_a(Problem, issue_token.sync(scope, client=signs, body=reserved)).code.value

batch = issue_tokens.sync(scope, client=signs, body=TokenBatch(requests=[request, reserved]))
seen["batch"] = [each.problem.code.value if isinstance(each, TokenProblem) else "token" for each in batch.results]

verdict = is_a(ValidToken, verify_token.sync(scope, client=verifies, body=VerifyRequest(token=issued.token)))
seen["valid"] = verdict.valid
seen["subject"] = verdict.claims["sub"]
forged = verify_token.sync(scope, client=verifies, body=VerifyRequest(token=issued.token + "x"))
seen["refused"] = is_a(RefusedToken, forged).reason.value

# The three ways in which a client may show itself to an OAuth endpoint.
basic = base64.b64encode(f"{task['verify_id']}:{task['verify']}".encode()).decode()
in_form = IntrospectionRequest(token=issued.token, client_id=task["verify_id"], client_secret=task["verify"])
asked = IntrospectionRequest(token=issued.token)
ways = {
    "bearer": (verifies, asked),
    "basic": (DataClient(base_url=task["data_url"], token=basic, prefix="Basic"), asked),
    "post": (anonymous, in_form),
}
seen["active"] = [
    name
    for name, (client, body) in ways.items()
    if is_a(ActiveToken, introspect_token.sync(scope, client=client, body=body)).active
]
seen["oauth_error"] = is_a(OAuthError, introspect_token.sync(scope, client=anonymous, body=asked)).error.value

key_set = get_key_set.sync(scope, client=anonymous)
seen["kids_in_set"] = issued.kid in [key.kid for key in key_set.keys]
assert get_signed_key_set.sync_detailed(scope, client=anonymous).content.count(b".") == 2
seen["ready"] = get_readiness.sync(client=anonymous).ready

operator = OperationsClient(base_url=task["operations_url"], token=task["operator"])
wanted = ScopeRequest(id=f"{scope}-python", issuer="https://login.example", audience="https://python.example")
created = is_a(ScopeWithKeys, create_scope.sync(client=operator, body=wanted))
seen["created"] = created.scope.id
seen["key_states"] = len(created.keys)
seen["scopes"] = [each.id for each in is_a(ScopesAnswer, list_scopes.sync(client=operator)).scopes]
nobody = AnonymousOperationsClient(base_url=task["operations_url"])
seen["anonymously"] = is_a(OperationsProblem, list_scopes.sync(client=nobody)).code.value

print(json.dumps(seen))
