"""The rate limiter of one process: what it remembers; and where its limits come from."""

import msgspec
import pytest

from girok.errors import RateLimited
from girok.manifest import Limit, Manifest, ManifestError
from girok.ratelimit import Limits, LocalRateLimiter, limits_of, limits_section
from girok.settings import Settings


def manifests(**limits: dict[str, Limit]) -> dict[str, Manifest]:
    """Manifests that declare only limits."""
    return {name: Manifest(name=name, summary="", limits=each) for name, each in limits.items()}


class Stopwatch:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class TestMemory:
    async def test_is_bounded_under_a_flood_of_subjects(self) -> None:
        limiter = LocalRateLimiter({"post": Limit(5)}, monotonic=Stopwatch(), capacity=100)
        for number in range(1_000):
            await limiter.spend("post", f"subject {number}", f"address {number}")
        assert len(limiter) == 100

    async def test_a_flood_does_not_free_one_that_has_spent_all(self) -> None:
        limiter = LocalRateLimiter({"post": Limit(5)}, monotonic=Stopwatch(), capacity=100)
        for _ in range(5):
            await limiter.spend("post", "ada")
        for number in range(1_000):
            await limiter.spend("post", f"subject {number}")
        with pytest.raises(RateLimited):
            await limiter.spend("post", "ada")

    async def test_is_given_back_as_time_goes_by(self) -> None:
        clock = Stopwatch()
        limiter = LocalRateLimiter({"post": Limit(5, seconds=60)}, monotonic=clock)
        for number in range(1_000):
            await limiter.spend("post", f"subject {number}")
        assert len(limiter) == 1_000
        clock.seconds = 12.0
        for _ in range(1_000):
            clock.seconds += 12.0
            await limiter.spend("post", "ada")
        assert len(limiter) == 1

    async def test_a_refused_subject_is_not_remembered_anew(self) -> None:
        limiter = LocalRateLimiter({"post": Limit(1)}, monotonic=Stopwatch())
        await limiter.spend("post", "ada")
        with pytest.raises(RateLimited):
            await limiter.spend("post", "ada", "ben")
        assert len(limiter) == 1


class TestEnabled:
    async def test_when_it_is_not_all_go_through_but_names_still_count(self) -> None:
        limiter = LocalRateLimiter({"post": Limit(1)}, enabled=False)
        for _ in range(10):
            await limiter.spend("post", "ada")
        with pytest.raises(LookupError):
            await limiter.spend("like", "ada")


class TestLimitsSection:
    def test_has_a_key_for_each_limit(self) -> None:
        kind = limits_section(manifests(auth={"login": Limit(10), "register": Limit(5)}, feed={"post": Limit(30)}))
        assert kind.section == "limits"
        assert msgspec.to_builtins(kind()) == {"enabled": True, "login": 10, "register": 5, "post": 30}

    def test_takes_numbers(self) -> None:
        kind = limits_section(manifests(auth={"login": Limit(10)}))
        made = msgspec.convert({"login": 3, "enabled": False}, kind)
        assert msgspec.to_builtins(made) == {"enabled": False, "login": 3}

    @pytest.mark.parametrize(
        ("given", "told"), [({"logins": 3}, "unknown field `logins`"), ({"login": 0}, ">= 1"), ({"login": "x"}, "int")]
    )
    def test_refuses_what_is_wrong(self, given: dict[str, object], told: str) -> None:
        kind = limits_section(manifests(auth={"login": Limit(10)}))
        with pytest.raises(msgspec.ValidationError, match=told):
            msgspec.convert(given, kind)

    def test_describes_every_key(self) -> None:
        kind = limits_section(manifests(auth={"login": Limit(10, seconds=60)}))
        info = msgspec.inspect.type_info(kind)
        assert isinstance(info, msgspec.inspect.StructType)
        described = {each.name: each.type.extra_json_schema for each in info.fields}
        assert described["login"] == {"description": "auth: login this often in 60 s, each subject."}

    @pytest.mark.parametrize(
        "limits",
        [
            {"auth": {"enabled": Limit(1)}},
            {"auth": {"log-in": Limit(1)}},
            {"auth": {"login": Limit(0)}},
            {"auth": {"login": Limit(1, seconds=0)}},
            {"auth": {"login": Limit(1)}, "feed": {"login": Limit(1)}},
        ],
    )
    def test_a_manifest_that_cannot_be_is_refused(self, limits: dict[str, dict[str, Limit]]) -> None:
        with pytest.raises(ManifestError, match=r"the limit 'log-?in'|the limit 'enabled'"):
            limits_section(manifests(**limits))


class TestLimitsOf:
    def test_are_the_manifests_with_the_counts_of_the_settings(self) -> None:
        declared = manifests(auth={"login": Limit(10, seconds=300), "register": Limit(5)})
        section = msgspec.convert({"login": 3}, limits_section(declared))
        assert limits_of(Settings(section), declared) == {"login": Limit(3, 300), "register": Limit(5, 60)}

    def test_are_the_manifests_where_the_settings_have_no_counts(self) -> None:
        assert limits_of(Settings(Limits()), manifests(auth={"login": Limit(10)})) == {"login": Limit(10)}
