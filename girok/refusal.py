"""The reason not to start, or not to do what a command asked: one sentence for the operator, exit 2, no traceback."""

__all__ = ["Refusal"]


class Refusal(Exception):
    """Something is wrong or missing outside of girok's code. The command line prints it as `girok: ...`, exit 2.

    Its text is for the operator: what is wrong, then what to do about it. Where a setting is to blame it begins with
    the key and the environment variable, and says which role needs it:

        nats.url (GIROK_NATS_URL) is needed to run only some roles (feed): without it girok is one box

    Raise it only while nothing has been changed yet. Derive a class from it for each reason that somebody may want to
    tell apart; what goes wrong later, while girok runs, is a GirokError.
    """
