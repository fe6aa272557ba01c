"""Real providers: npm's oidc-provider in processes of its own, and somebody who logs in there."""

import json
import shutil
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from girok.servers.process import ServerProcess, answers
from girok.testing.process import free_port
from tests.plugins.auth.social.stage import HERE

__all__ = ["ADA", "PATHS", "SECRET", "log_in", "provider"]

CLIENTS = Path(__file__).parents[3] / "clients"
PATHS = {"google": "google", "kakao": "kakao", "naver": "naver", "acme": "oidc/acme"}
SECRET = "s3cret: with/odd+characters%"
ADA: dict[str, Any] = {
    "sub": "ada-1",
    "claims": {
        "email": "ada@example.org",
        "email_verified": True,
        "name": "Ada Lovelace",
        "picture": "https://img.example/ada.png",
    },
    "answer": "",
}
"""Somebody with an account at the providers."""


@asynccontextmanager
async def provider(folder: Path, *, client_auth: str, id_token_has_email: bool) -> AsyncGenerator[ServerProcess, None]:
    """One that knows a client for each of PATHS, called `google-client` and so on. Skips the test without Node."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules").exists():
        pytest.skip("needs node, and `npm ci` in tests/clients")
    port = free_port()
    config = {
        "port": port,
        "clients": _clients(client_auth),
        "clientAuth": [client_auth, "none"],
        "idTokenHasEmail": id_token_has_email,
    }
    server = ServerProcess(
        "oidc-provider",
        [node, str(CLIENTS / "oidc-provider.mjs"), json.dumps(config)],
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        ready=partial(answers, port, b"GET /jwks HTTP/1.0\r\nHost: here\r\n\r\n", b"200 OK"),
    )
    try:
        await server.start()
        yield server
    finally:
        await server.kill()


async def log_in(url: str, person: dict[str, Any]) -> str:
    """Go where girok sent the browser, log in as `person`; the address that the provider sends the browser back to."""
    async with httpx.AsyncClient(headers={"x-person": json.dumps(person)}, timeout=30) as http:
        while not url.startswith(HERE):
            response = await http.get(url)
            assert response.status_code in {302, 303}, response.text
            url = str(response.url.join(response.headers["location"]))
    return url.removeprefix(HERE)


def _clients(client_auth: str) -> Sequence[dict[str, Any]]:
    return [
        {
            "client_id": f"{name}-client",
            "client_secret": SECRET,
            "token_endpoint_auth_method": client_auth,
            "redirect_uris": [f"{HERE}/v1/auth/{path}/callback"],
        }
        for name, path in PATHS.items()
    ]
