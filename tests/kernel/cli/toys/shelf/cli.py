"""`girok shelf`."""

import click
from plugins.shelf.ports import Book, NewBook, Page, Pages

from girok.cli.asking import check_meant, password_option, read_password, yes_option
from girok.cli.target import Target, on_target


@click.group(no_args_is_help=False, short_help="Books on a shelf.")
def shelf() -> None:
    """Put books on a shelf."""


@shelf.command()
@click.argument("title")
@on_target
def add(girok: Target, title: str) -> None:
    """Add a book."""
    book = girok.ask("shelf.add", NewBook(title), Book)
    click.echo(f"added {book.title} by {book.by}")


@shelf.command()
@click.argument("count", type=int)
@click.option("--then", default="end")
@click.option("--first", type=int)
@on_target
def pages(girok: Target, count: int, then: str, first: int | None) -> None:
    """Print pages."""
    asked = Pages(count, then)
    if first is None:
        girok.print_lines("shelf.pages", asked)
    else:
        click.echo(" ".join(str(each.number) for each in girok.first(first, "shelf.pages", asked, Page)))


@shelf.command()
@password_option
@on_target
def lock(girok: Target, *, password_stdin: bool) -> None:
    """Lock the shelf."""
    password = read_password("Password", password_stdin=password_stdin)
    click.echo(f"locked with {len(password)} characters")


@shelf.command()
@yes_option
@on_target
def burn(girok: Target, *, yes: bool) -> None:
    """Burn the shelf."""
    check_meant("Burn it?", yes=yes)
    click.echo("burnt")


COMMANDS = (shelf,)
