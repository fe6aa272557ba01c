"""The envelope's JSON is the platform's contract."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar

import msgspec
import pytest

from girok.clock import timestamp
from girok.events.event import Envelope, Event, encode, open_envelope, pack

MOMENT = datetime(2026, 11, 5, 8, 0, 0, 123999, tzinfo=UTC)


class Option(msgspec.Struct, frozen=True, rename="camel"):
    closes_at: datetime


class PollOpened(Event, frozen=True):
    subject: ClassVar[str] = "test.poll.opened"
    poll_id: str
    opened_at: datetime
    options: tuple[Option, ...] = ()
    by_name: dict[str, datetime] = msgspec.field(default_factory=dict[str, datetime])


class TestTimestamp:
    def test_has_milliseconds_and_z(self) -> None:
        assert timestamp(MOMENT) == "2026-11-05T08:00:00.123Z"
        assert timestamp(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"

    def test_is_utc(self) -> None:
        seoul = timezone(timedelta(hours=9))
        assert timestamp(datetime(2026, 11, 5, 17, 0, 0, 123000, tzinfo=seoul)) == "2026-11-05T08:00:00.123Z"

    def test_refuses_a_time_without_a_zone(self) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            timestamp(MOMENT.replace(tzinfo=None))


class TestEnvelope:
    def test_is_exactly_the_contract(self) -> None:
        envelope = Envelope("0192", "test.poll.opened", MOMENT, None, "00-ab-cd-01", pack(PollOpened("p1", MOMENT)))
        assert encode(envelope) == (
            '{"id":"0192","type":"test.poll.opened","occurredAt":"2026-11-05T08:00:00.123Z","actorId":null,'
            '"traceparent":"00-ab-cd-01",'
            '"data":{"pollId":"p1","openedAt":"2026-11-05T08:00:00.123Z","options":[],"byName":{}}}'
        )

    def test_times_deep_in_the_data_are_of_the_same_form(self) -> None:
        event = PollOpened("p1", MOMENT, (Option(MOMENT),), {"a": MOMENT})
        assert json.loads(bytes(pack(event))) == {
            "pollId": "p1",
            "openedAt": "2026-11-05T08:00:00.123Z",
            "options": [{"closesAt": "2026-11-05T08:00:00.123Z"}],
            "byName": {"a": "2026-11-05T08:00:00.123Z"},
        }

    def test_comes_back_as_it_was(self) -> None:
        moment = MOMENT.replace(microsecond=123000)
        event = PollOpened("p\u00e9 \U0001f44d\0", moment, (Option(moment),))
        opened = open_envelope(encode(Envelope("1", event.subject, moment, "u1", "", pack(event))))
        assert (opened.id, opened.occurred_at, opened.actor_id) == ("1", moment, "u1")
        assert msgspec.json.decode(opened.data, type=PollOpened) == event

    def test_fields_of_later_versions_are_left_out(self) -> None:
        text = (
            '{"id":"1","type":"t","occurredAt":"2026-11-05T08:00:00Z","actorId":null,"traceparent":"","data":1,"x":1}'
        )
        assert open_envelope(text).id == "1"

    @pytest.mark.parametrize("text", ["", "{}", "[", '{"id": 1}', "null"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(msgspec.DecodeError):
            open_envelope(text)
