"""A message as JetStream delivers it, and the words that answer it."""

import re

import msgspec
from nats.aio.msg import Msg

__all__ = ["ACKED", "ACK_SECONDS", "DROPPED", "IN_PROGRESS", "SECOND", "Message", "given_back"]

ACK_SECONDS = 10.0
"""Without a word about a message for so long, JetStream gives it to another process."""
ACKED = b""
DROPPED = b"+TERM"
IN_PROGRESS = b"+WPI"
SECOND = 1_000_000_000
"""In JetStream's nanoseconds."""
_EVENT_ID = re.compile(r"[0-9A-Za-z-]{1,36}")


class Message:
    """A delivery by JetStream: the `delivered`-th of what stands at `sequence` in the stream."""

    __slots__ = ("answered", "delivered", "event_id", "payload", "reply", "sequence", "since", "subject")

    def __init__(self, message: Msg, since: float) -> None:
        tokens = message.reply.split(".")
        # $JS.ACK.<stream>.<consumer>.<delivered>.<sequence>..., newer servers with a domain and an account in front.
        first = 4 if len(tokens) == 9 else 6
        self.delivered, self.sequence = int(tokens[first]), int(tokens[first + 1])
        self.reply = message.reply
        self.subject = message.subject
        self.payload = message.data
        self.since = since
        self.answered = False
        """Whether JetStream was told what became of it: then it may deliver it again at once."""
        found = _EVENT_ID.match((message.headers or {}).get("Nats-Msg-Id", ""))
        self.event_id = found[0] if found else "unknown"


def given_back(seconds: float) -> bytes:
    """The word that a message is to be delivered again, after so many seconds."""
    return b"-NAK " + msgspec.json.encode({"delay": int(seconds * SECOND)}) if seconds > 0 else b"-NAK"
