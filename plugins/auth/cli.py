"""`girok user` and `girok audit`: accounts, for operators. WHO is an id, an email or a username."""

from typing import get_args

import click

from girok.cli.asking import check_meant, password_option, read_password, yes_option
from girok.cli.table import table
from girok.cli.target import Target, on_target
from girok.context import Role
from plugins.auth.accounts import AccountView, AuditOf, Named, NewAccount, NewPassword, NewRole

__all__ = ["COMMANDS"]

_ROLE = click.Choice(get_args(Role), case_sensitive=False)
_MOST = 1000
_NEW_PASSWORD = "New password"  # noqa: S105 - what it is asked with


@click.group(no_args_is_help=False, short_help="Accounts.")
def user() -> None:
    """Make accounts, look at them and change them. WHO is an id, an email or a username."""


@user.command()
@click.argument("email")
@click.argument("username")
@click.option("--name", help="How others see the user (default: the username).")
@click.option("--role", type=_ROLE, default="USER", help="What the user may do (default: USER).")
@password_option
@on_target
def create(girok: Target, *, email: str, username: str, name: str | None, role: Role, password_stdin: bool) -> None:
    """Make an account, with `--role MASTER` the first that may do everything."""
    password = read_password(_NEW_PASSWORD, password_stdin=password_stdin)
    new = NewAccount(email, username, password, name or username, role)
    _tell("created", girok.ask("auth.user.create", new, AccountView))


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="All of them, as JSON lines.")
@on_target
def list_(girok: Target, *, as_json: bool) -> None:
    """List the accounts, the oldest first."""
    if as_json:
        girok.print_lines("auth.user.list", None)
        return
    found = girok.first(_MOST + 1, "auth.user.list", None, AccountView)
    rows = [_row(each) for each in found[:_MOST]]
    click.echo(table(("id", "username", "email", "role", "with", "since", "disabled"), rows))
    if len(found) > _MOST:
        click.echo(f"these are the first {_MOST}; --json gives all", err=True)


@user.command("role")
@click.argument("who")
@click.argument("role", type=_ROLE)
@on_target
def set_role(girok: Target, *, who: str, role: Role) -> None:
    """Give another role, from the user's next request on."""
    _tell("changed", girok.ask("auth.user.role", NewRole(who, role), AccountView))


@user.command("reset-password")
@click.argument("who")
@password_option
@on_target
def reset_password(girok: Target, *, who: str, password_stdin: bool) -> None:
    """Give another password, and end every session."""
    new = NewPassword(who, read_password(_NEW_PASSWORD, password_stdin=password_stdin))
    _tell("reset the password of", girok.ask("auth.user.reset-password", new, AccountView))


@user.command()
@click.argument("who")
@on_target
def disable(girok: Target, *, who: str) -> None:
    """Let nobody sign in, and end every session: the next request is refused."""
    _tell("disabled", girok.ask("auth.user.disable", Named(who), AccountView))


@user.command()
@click.argument("who")
@on_target
def enable(girok: Target, *, who: str) -> None:
    """Let the user sign in again."""
    _tell("enabled", girok.ask("auth.user.enable", Named(who), AccountView))


@user.command("export")
@click.argument("who")
@on_target
def export_user(girok: Target, *, who: str) -> None:
    """Print what every domain stores of a user, but for secrets, as JSON lines.

    A line is {"domain": ..., "kind": ..., "data": ...}. In a cluster the stores of roles that run elsewhere are read
    from here. Nothing is missing when the exit code is 0.
    """
    girok.print_export(girok.ask("auth.user.show", Named(who), AccountView).id)


@user.command()
@click.argument("who")
@yes_option
@on_target
def erase(girok: Target, *, who: str, yes: bool) -> None:
    """Remove a user, and what they left in every domain, for good."""
    found = girok.ask("auth.user.show", Named(who), AccountView)
    check_meant(f"Erase {found.username} ({found.email}) for good?", yes=yes)
    girok.ask("auth.user.erase", Named(found.id), str)
    _tell("erased", found)


@click.group(no_args_is_help=False, short_help="What was done to accounts.")
def audit() -> None:
    """Look at what was done to accounts, by whom and from where."""


@audit.command("export")
@click.option("--user", "user_id", metavar="ID", help="Of this account alone, erased or not.")
@on_target
def export_audit(girok: Target, *, user_id: str | None) -> None:
    """Print the audit log as JSON lines, oldest first."""
    girok.print_lines("auth.audit.export", AuditOf(user_id))


COMMANDS = (user, audit)


def _tell(done: str, account: AccountView) -> None:
    click.echo(f"{done} {account.username} ({account.email}), {account.role}, {account.id}")


def _row(account: AccountView) -> tuple[str, ...]:
    return (
        account.id,
        account.username,
        account.email,
        account.role,
        account.provider,
        f"{account.created_at:%Y-%m-%d}",
        f"{account.disabled_at:%Y-%m-%d}" if account.disabled_at else "",
    )
