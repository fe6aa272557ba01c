"""Errors over gRPC: the same class, texts, fields and time on the other side, whoever raised them."""

from collections.abc import Iterator

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError

from girok import errors, paging, port
from girok.db import database
from girok.errors import (
    REPEATS,
    FieldError,
    Forbidden,
    GirokError,
    Internal,
    InvalidInput,
    RateLimited,
    Text,
    Unavailable,
)
from girok.rpc import converter, metadata, status
from girok.rpc.contract import contract_of
from girok.rpc.framing import status_of, trailers
from girok.rpc.status import PeerUnavailable, grpc_error, local_error
from plugins.auth import errors as auth_errors
from plugins.feed import errors as feed_errors
from plugins.feed.errors import PostNotFound
from plugins.feed.ports import GetPostRequest
from plugins.personal import errors as personal_errors
from tests.kernel.rpc.serving import FEED, feed_of, served

MODULES = (errors, port, paging, database, converter, metadata, status, auth_errors, feed_errors, personal_errors)
TEXT = Text("Ada's fault: 100%", "에이다의 잘못")
DETAILS = (FieldError("items[2].name", Text("too long", "너무 깁니다")), FieldError("", Text("", "")))


def classes() -> Iterator[type[GirokError]]:
    """Every error class of the kernel and the domains that may come out of a port."""
    for module in MODULES:
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, GirokError) and each.__module__ == module.__name__:
                yield each


KNOWN = {**FEED.errors, **contract_of("personal", "PersonalService").errors}
CLASSES = [each for each in classes() if "reason" in vars(each) and each is not GirokError]
"""Those with a reason of their own."""


def through(error: GirokError, known: status.ErrorClasses = KNOWN) -> GirokError:
    """An error as it arrives, by way of its header fields."""
    arrived = status_of(dict(trailers(grpc_error(error))))
    assert arrived is not None
    return local_error(arrived, known)


class HasItsOwn(InvalidInput):
    """An error that is made of something else than texts."""

    reason = "HAS_ITS_OWN"

    def __init__(self, number: int) -> None:
        super().__init__(Text(f"{number} is odd", f"{number} 홀수"))


class TestEveryClass:
    @pytest.mark.parametrize("kind", CLASSES, ids=lambda each: each.__name__)
    def test_comes_back_as_itself_with_all_it_has(self, kind: type[GirokError]) -> None:
        sent = kind.__new__(kind)
        GirokError.__init__(sent, TEXT, details=DETAILS, retry_after=1.5)
        back = through(sent)
        assert type(back) is kind
        assert (back.message, back.details, back.retry_after) == (TEXT, DETAILS, 1.5)
        assert str(back) == TEXT.en

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda each: each.__name__)
    def test_status_is_that_of_its_category(self, kind: type[GirokError]) -> None:
        sent = kind.__new__(kind)
        GirokError.__init__(sent)
        assert grpc_error(sent).status.name == kind.category.grpc_status

    def test_reasons_are_of_one_class_each(self) -> None:
        reasons = [each.reason for each in CLASSES]
        assert sorted(reasons) == sorted(set(reasons))

    def test_what_a_role_asks_of_another_is_known_to_its_callers(self) -> None:
        assert FEED.errors["USER_NOT_FOUND"] is auth_errors.UserNotFound


class TestContents:
    def test_nothing_extra_is_nothing_extra(self) -> None:
        back = through(PostNotFound())
        assert (back.message, back.details, back.retry_after) == (PostNotFound.text, (), None)

    @pytest.mark.parametrize("seconds", [0.0, 0.001, 2.5, 60.0, 86_400.0])
    def test_time_to_wait_comes_back(self, seconds: float) -> None:
        assert through(RateLimited(retry_after=seconds)).retry_after == seconds

    def test_a_class_that_is_made_otherwise_comes_back(self) -> None:
        back = through(HasItsOwn(3), {**KNOWN, HasItsOwn.reason: HasItsOwn})
        assert type(back) is HasItsOwn
        assert back.message == Text("3 is odd", "3 홀수")

    def test_half_a_surrogate_pair_in_a_text_does_not_hide_the_error(self) -> None:
        back = through(PostNotFound(Text("a\ud800b", "\udfff")))
        assert (type(back), back.message) == (PostNotFound, Text("a?b", "?"))

    def test_long_texts_and_many_fields_are_cut_to_what_libraries_take(self) -> None:
        long = Text("é" * 100_000, "한" * 100_000)
        many = [FieldError("f" * 1000, long) for _ in range(1000)]
        sent = trailers(grpc_error(InvalidInput(long, details=many, retry_after=1.0)))
        assert sum(len(name) + len(value) + 32 for name, value in sent) < 8192
        back = through(InvalidInput(long, details=many, retry_after=1.0))
        assert long.en.startswith(back.message.en)
        assert long.ko.startswith(back.message.ko)
        assert len(back.message.en) > 300
        assert back.details
        assert back.retry_after == 1.0


class TestStrangers:
    def test_a_reason_of_another_version_keeps_its_category(self) -> None:
        class Newer(Forbidden):
            reason = "NEWER"
            text = TEXT

        back = through(Newer())
        assert isinstance(back, Forbidden)
        assert (back.reason, back.message, back.category) == ("NEWER", TEXT, Forbidden.category)

    def test_a_category_of_another_version_is_internal(self) -> None:
        class Newer(GirokError):
            category = errors.Category("NEWER", 418, "ABORTED")
            reason = "NEWER"

        assert isinstance(through(Newer()), Internal)

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            (Status.UNAVAILABLE, PeerUnavailable),
            (Status.CANCELLED, PeerUnavailable),
            (Status.RESOURCE_EXHAUSTED, PeerUnavailable),
            (Status.DEADLINE_EXCEEDED, port.DeadlineExceeded),
            (Status.UNIMPLEMENTED, Internal),
            (Status.UNKNOWN, Internal),
        ],
    )
    def test_a_status_without_a_reason_is_what_it_comes_to(self, code: Status, kind: type[GirokError]) -> None:
        assert type(local_error(GRPCError(code, "someone else's words"), KNOWN)) is kind

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {b"grpc-status": b""},
            {b"grpc-status": b"x"},
            {b"grpc-status": b"99"},
            {b"grpc-status": b"13", b"grpc-message": b"%zz%ff\xff"},
            {b"grpc-status": b"13", b"grpc-status-details-bin": b"!!!"},
            {b"grpc-status": b"13", b"grpc-status-details-bin": b"//8"},
        ],
    )
    def test_a_status_that_makes_no_sense_is_internal(self, fields: dict[bytes, bytes]) -> None:
        arrived = status_of(fields)
        assert arrived is not None
        assert type(local_error(arrived, KNOWN)) is Internal


class TestOverTheWire:
    async def test_a_known_error_is_raised_here_and_logged_nowhere(self, caplog: pytest.LogCaptureFixture) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            server.answers.error = RateLimited(TEXT, retry_after=2.0)
            with pytest.raises(RateLimited, match="Ada's fault") as raised:
                await feed.get_post(GetPostRequest("fail:"))
        assert raised.value.retry_after == 2.0
        assert caplog.records == []

    async def test_an_outage_is_told_there_with_its_cause(self, caplog: pytest.LogCaptureFixture) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            server.answers.error = Unavailable(TEXT)
            server.answers.error.__cause__ = ConnectionRefusedError("nobody at home")
            with pytest.raises(Unavailable, match="Ada's fault"):
                await feed.get_post(GetPostRequest("fail:"))
        (record,) = caplog.records
        assert record.name == "girok.rpc"
        assert vars(record)["cause"] == "ConnectionRefusedError('nobody at home')"
        assert vars(record)[REPEATS]

    async def test_what_nobody_expected_is_internal_here_and_logged_once_there(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with served() as server, feed_of(server.address) as (feed, _):
            with pytest.raises(Internal) as raised:
                await feed.get_post(GetPostRequest("fail:"))
        assert "nobody outside" not in f"{raised.value!r} {raised.value.__cause__!r} {raised.value.__context__!r}"
        assert [each.getMessage() for each in caplog.records] == [f"{FEED.methods[2].path} failed"]
        assert "nobody outside may read this" in str(caplog.records[0].exc_info)
