"""One library, tried as the task on standard input says; what came of it goes to standard output."""

import json
import os
import sys
import traceback
from importlib.metadata import version


def versions(*names):
    return " + ".join(f"{name} {version(name)}" for name in names)


def holds(attempt):
    """Whether it neither throws nor answers False."""
    try:
        return attempt() is not False
    except Exception:
        if os.environ.get("INTEROP_VERBOSE"):
            traceback.print_exc()
        return False


def tried(library, verify, introspect=None, revoke=None):
    task = json.load(sys.stdin)
    first = task["scopes"][0]

    def both(attempt, scope):
        return {
            "right": holds(lambda: attempt(scope["right"])),
            "foreign": holds(lambda: attempt(scope["foreign"])),
        }

    def verified(scope):
        return both(lambda token: verify(token, scope), scope)

    result = {
        "library": library,
        "tokens": {scope["algorithm"]: verified(scope) for scope in task["scopes"]},
        "introspection": introspect and both(lambda token: introspect(token, task), first),
        "revocation": revoke and holds(lambda: revoke(task["revocable"], task)),
        "discovery": None,
    }
    json.dump(result, sys.stdout)
