"""The outbox's table: in one box it is the queue, too."""

from piccolo.columns import Integer, Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["EventOutbox"]


class EventOutbox(Table, tablename="event_outbox"):
    """An event that one consumer has not done yet. Key: (event_id, consumer).

    A row is deleted when the consumer is done with it; with `dead_at` it is a dead letter. `attempts` counts the
    deliveries that failed, `waits` those that met something unavailable since then.
    """

    event_id = Varchar(36, primary_key=True)
    consumer = Varchar(100)
    subject = Varchar(100)
    envelope = Text()
    attempts = Integer(default=0)
    waits = Integer(default=0)
    due_at = Timestamptz()
    dead_at = Timestamptz(null=True, default=None)
    error = Text(null=True, default=None)
