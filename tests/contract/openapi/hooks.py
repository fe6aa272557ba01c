"""What schemathesis is told of girok: who calls, which secrets are true, and what a wrong secret may be answered.

schemathesis loads this in a process of its own (SCHEMATHESIS_HOOKS); BASE_URL, BEARER and SEEN are its environment.
"""

import itertools
import json
import os
import urllib.request
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import schemathesis

from tests.contract.openapi import NAMES_A_SECRET, SAYS_MORE_THAN_A_SCHEMA

__all__: list[str] = []

BASE_URL = os.environ["BASE_URL"]
SEEN = Path(os.environ["SEEN"])
PASSWORD = "Str0ng!pass"
ENDS_SESSIONS = "auth"
"""Routes of this tag end sessions and accounts: each call has an account of its own. All others share one."""
_numbers = itertools.count()


def registered() -> dict[str, Any]:
    """A new account's AuthPayload."""
    name = f"st{os.getpid()}x{next(_numbers)}"
    body = {"email": f"{name}@example.org", "username": name, "password": PASSWORD, "name": "Ada"}
    request = urllib.request.Request(
        f"{BASE_URL}/v1/auth/register", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@cache
def shared() -> dict[str, Any]:
    """The account of whoever stores something and reads it again."""
    return registered()


def token(case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
    """The bearer of one call."""
    own = ENDS_SESSIONS in (context.operation.tags or ())
    return (registered() if own else shared())["accessToken"]


if os.environ.get("BEARER"):

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        """Signs every call."""

        def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:
            return token(case, context)

        def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


TRUE: dict[str, Callable[[], dict[str, str]]] = {
    "authLogin": lambda: {"email": shared()["user"]["email"], "password": PASSWORD},
    "authRefresh": lambda: {"refreshToken": registered()["refreshToken"]},
    "authChangePassword": lambda: {"currentPassword": PASSWORD},
    "authErase": lambda: {"password": PASSWORD},
}
"""Secrets that nobody guesses, so that what good calls are answered is looked at too."""


@schemathesis.hook
def map_body(context: schemathesis.HookContext, body: Any) -> Any:
    """Put true secrets into bodies of the right form that are drawn; at the edges of rules they stay wrong."""
    operation = context.operation
    secrets = TRUE.get(operation.definition.raw["operationId"]) if operation is not None else None
    if secrets is None or not isinstance(body, dict):
        return body
    found = secrets()
    return {**body, **found} if all(isinstance(body.get(each), str) for each in found) else body


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Keep which operation was answered with what; other methods at its address are tried, too."""
    if case.method.upper() == case.operation.method.upper():
        with SEEN.open("a") as seen:
            seen.write(f"{case.operation.definition.raw['operationId']} {response.status_code}\n")


@schemathesis.check
def refused_for_its_secret_alone(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """A body of the right form is refused for what it must know, never for its form: in place of the check that it is
    accepted, where NAMES_A_SECRET."""
    name = case.operation.definition.raw["operationId"]
    reason = NAMES_A_SECRET.get(name)
    is_good = case.meta is not None and case.meta.generation.mode.is_positive
    if name in SAYS_MORE_THAN_A_SCHEMA and is_good and response.status_code == 400:
        problem = response.json()
        assert problem["type"].rpartition(":")[2] in SAYS_MORE_THAN_A_SCHEMA[name], problem
    if reason is not None and is_good and response.status_code == 400:
        problem = response.json()
        assert problem["type"] == f"urn:girok:problem:{reason}", problem
        assert "details" not in problem["error"], problem
