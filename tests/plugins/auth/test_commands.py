"""`girok user` and `girok audit`: as operators type them, beside a running girok and where none runs."""

import json
import os
import pwd
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from girok.testing.box import CHEAP
from tests.kernel.cli.process import Result, girok
from tests.scenarios.launch import Launched, launched

PASSWORD, OTHER = "Str0ng!pass-one", "Str0ng!pass-two"
ME = f"operator:{pwd.getpwuid(os.getuid()).pw_name}"
NOBODY = "girok: There is no such user.\n"
numbers = count(1)


class Person(NamedTuple):
    """An account that the test made."""

    id: str
    username: str
    email: str


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """One that runs, with no other accounts than those of these tests."""
    with launched(tmp_path_factory.mktemp("commands")) as running:
        yield running
        assert PASSWORD not in running.log
        running.check()


@pytest.fixture
def ada(box: Launched) -> Person:
    return created(box.data)


def run(data: Path, line: str, sent: str = "") -> Result:
    """`girok LINE --data DATA`."""
    return girok(*line.split(), "--data", str(data), sent=sent, env=CHEAP)


def created(data: Path, options: str = "") -> Person:
    """A new account, by `girok user create`."""
    username = f"ada{next(numbers)}"
    email = f"{username}@example.org"
    result = run(data, f"user create {email} {username} --password-stdin {options}", f"{PASSWORD}\n")
    assert (result.code, result.err) == (0, "")
    return Person(result.out.split()[-1], username, email)


def sign_in(box: Launched, who: Person, password: str = PASSWORD) -> str:
    """The header of a new session; empty when it is refused."""
    text = "mutation($i: LoginInput!) { login(input: $i) { user { id } } }"
    cookie = box.query(text, {"i": {"email": who.email, "password": password}}).headers.get("set-cookie", "")
    return f"Cookie: {cookie.partition(';')[0]}" if cookie else ""


def me(box: Launched, session: str) -> Any:
    """Who the session's next request is of."""
    return box.query("{ me { id role } }", None, session).json["data"]["me"]


def audit(data: Path, who: Person) -> list[tuple[str, str, str]]:
    """What was done to an account: kind, actor and detail."""
    entries = [json.loads(line) for line in run(data, f"audit export --user {who.id}").out.splitlines()]
    return [(each["kind"], each["actor"], each["detail"]) for each in entries]


def exported(data: Path, who: Person) -> dict[tuple[str, str], list[Any]]:
    """What is stored of somebody, by domain and kind."""
    result = run(data, f"user export {who.email}")
    assert (result.code, result.err) == (0, "")
    found: dict[tuple[str, str], list[Any]] = {}
    for line in map(json.loads, result.out.splitlines()):
        found.setdefault((line["domain"], line["kind"]), []).append(line["data"])
    return found


class TestCreate:
    def test_the_first_master(self, box: Launched) -> None:
        master = created(box.data, "--role master --name 한글")
        assert me(box, sign_in(box, master)) == {"id": master.id, "role": "MASTER"}
        assert ("account.created", ME, "MASTER") in audit(box.data, master)

    @pytest.mark.parametrize(
        ("line", "password", "why"),
        [
            ("nobody nobody1", PASSWORD, "The email is not a valid address."),
            ("a@example.org A", PASSWORD, "The username must have 3 to 20 characters of a-z and 0-9."),
            ("a@example.org root", PASSWORD, "This username is reserved."),
            ("a@example.org able", "weak", "The password must have at least 8 characters"),
            ("a@example.org able", "", "--password-stdin: standard input is empty"),
            ("a@example.org able --role king", PASSWORD, "Invalid value for '--role': 'king' is not one of"),
        ],
    )
    def test_what_is_refused_makes_no_account(self, box: Launched, line: str, password: str, why: str) -> None:
        before = run(box.data, "user list --json")
        result = run(box.data, f"user create {line} --password-stdin", password)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"girok: {why}")
        assert run(box.data, "user list --json") == before

    def test_an_email_or_a_username_is_taken_once(self, box: Launched, ada: Person) -> None:
        again = run(box.data, f"user create {ada.email.upper()} another1 --password-stdin", PASSWORD)
        same = run(box.data, f"user create b@example.org {ada.username} --password-stdin", PASSWORD)
        assert again == (2, "", "girok: This email is already in use.\n")
        assert same == (2, "", "girok: This username is already in use.\n")


class TestChange:
    @pytest.mark.parametrize("line", ["role {} USER", "reset-password {} --password-stdin", "enable {}", "erase {}"])
    def test_of_nobody_is_refused(self, box: Launched, line: str) -> None:
        assert run(box.data, f"user {line.format('nobody')}", PASSWORD) == (2, "", NOBODY)

    @pytest.mark.parametrize("who", ["nobody@example.org", "01a20e74-a92f-77ca-b756-15d5a012d09a", "?", "한글"])
    def test_nobody_has_many_names(self, box: Launched, who: str) -> None:
        assert run(box.data, f"user disable {who}") == (2, "", NOBODY)

    def test_disable_stops_the_next_request_of_a_warm_session(self, box: Launched, ada: Person) -> None:
        session = sign_in(box, ada)
        assert me(box, session)["id"] == ada.id
        assert run(box.data, f"user disable {ada.username}").code == 0
        assert me(box, session) is None
        assert sign_in(box, ada) == ""
        assert run(box.data, f"user enable {ada.email}").code == 0
        assert me(box, session) is None
        assert me(box, sign_in(box, ada))["id"] == ada.id

    def test_role_holds_for_the_next_request(self, box: Launched, ada: Person) -> None:
        session = sign_in(box, ada)
        assert me(box, session)["role"] == "USER"
        assert run(box.data, f"user role {ada.id} manager").code == 0
        assert me(box, session)["role"] == "MANAGER"
        assert audit(box.data, ada)[-1] == ("role.changed", ME, "USER -> MANAGER")

    def test_reset_password_ends_every_session(self, box: Launched, ada: Person) -> None:
        session = sign_in(box, ada)
        assert run(box.data, f"user reset-password {ada.username} --password-stdin", OTHER).code == 0
        assert me(box, session) is None
        assert sign_in(box, ada) == ""
        assert me(box, sign_in(box, ada, OTHER))["id"] == ada.id

    def test_erase_must_be_meant(self, box: Launched, ada: Person) -> None:
        why = "girok: there is no terminal to ask whether this is meant: say --yes\n"
        assert run(box.data, f"user erase {ada.username}") == (2, "", why)
        assert me(box, sign_in(box, ada))["id"] == ada.id

    def test_erase_leaves_the_id_alone(self, box: Launched, ada: Person) -> None:
        session = sign_in(box, ada)
        assert run(box.data, f"user erase {ada.username} --yes").code == 0
        assert me(box, session) is None
        assert sign_in(box, ada) == ""
        assert run(box.data, f"user export {ada.id}") == (2, "", NOBODY)
        assert audit(box.data, ada)[-1] == ("account.erased", ME, "")


class TestLook:
    def test_list_is_a_table_or_lines(self, box: Launched, ada: Person) -> None:
        rows = run(box.data, "user list").out.splitlines()
        lines = [json.loads(line) for line in run(box.data, "user list --json").out.splitlines()]
        assert rows[0].split() == ["id", "username", "email", "role", "with", "since", "disabled"]
        assert rows[-1].split()[:5] == [ada.id, ada.username, ada.email, "USER", "LOCAL"]
        assert [each["id"] for each in lines] == [each.split()[0] for each in rows[1:]]

    def test_export_is_what_every_domain_stores_as_lines_without_secrets(self, box: Launched, ada: Person) -> None:
        session = sign_in(box, ada)
        box.query('mutation { createPost(input: {text: "dear diary", clientId: "1"}) { id } }', None, session)
        run(box.data, f"user reset-password {ada.username} --password-stdin", OTHER)
        found = exported(box.data, ada)
        assert found["auth", "account"][0]["email"] == ada.email
        assert [each["ended_at"] is None for each in found["auth", "session"]] == [False]
        assert [each["text"] for each in found["feed", "post"]] == ["dear diary"]
        assert found["auth", "audit"][-1]["kind"] == "account.exported"
        assert not [each for each in ("argon2", "password_hash", "email_key") if each in repr(found)]

    def test_a_disabled_account_is_shown_as_one_whatever_changes(self, box: Launched, ada: Person) -> None:
        run(box.data, f"user disable {ada.id}")
        run(box.data, f"user role {ada.id} MANAGER")
        (account,) = exported(box.data, ada)["auth", "account"]
        assert (account["role"], account["disabled_at"] is None) == ("MANAGER", False)

    def test_audit_export_is_everything_in_order(self, box: Launched, ada: Person) -> None:
        entries = [json.loads(line) for line in run(box.data, "audit export").out.splitlines()]
        assert [each["id"] for each in entries] == sorted(each["id"] for each in entries)
        assert entries[-1]["user_id"] == ada.id


class TestNobodyRuns:
    def test_the_directory_itself_is_changed(self, tmp_path: Path) -> None:
        assert run(tmp_path, "migrate").code == 0
        ada = created(tmp_path, "--role MASTER")
        assert run(tmp_path, f"user disable {ada.username}").code == 0
        assert [each[0] for each in audit(tmp_path, ada)] == ["account.created", "account.disabled"]
        with launched(tmp_path.parent, "--data", str(tmp_path)) as box:
            assert sign_in(box, ada) == ""
