"""The tables of events: what is to be delivered, and what is done."""

from piccolo.columns import Integer, Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["RELAY", "EventDone", "EventOutbox"]

RELAY = "relay"
"""Stands for the consumer of an event in a cluster: it is to be published. (The names of consumers have a dot.)"""


class EventOutbox(Table, tablename="event_outbox"):
    """An event that one consumer has not done yet, or one that is not published yet. Key: (event_id, consumer).

    A row is deleted when the consumer is done with it, or when NATS has it; with `dead_at` it is a dead letter.
    `attempts` counts the deliveries that failed, `waits` those that met something unavailable since then. In one box
    the table is the queue; in a cluster it holds an event for the moment between its commit and its publication.
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


class EventDone(Table, tablename="event_done"):
    """An event whose effect one consumer has stored, in a cluster. Key: (consumer, event_id)."""

    consumer = Varchar(100)
    event_id = Varchar(36, primary_key=True)
    done_at = Timestamptz()
