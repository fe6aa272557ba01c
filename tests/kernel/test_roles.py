"""Which roles a process runs, in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.manifest import Manifest
from girok.refusal import Refusal
from girok.roles import CyclicRolesError, Plan, UnknownRoleError, resolve


def manifests(*edges: str, **requires: str) -> dict[str, Manifest]:
    """Manifests by name: `feed="auth"`; several are separated by blanks."""
    return {
        name: Manifest(name=name, summary="", requires=tuple(needs.split()), edge=name in edges)
        for name, needs in requires.items()
    }


HOUSE = manifests("bff", "ws", bff="", ws="", feed="auth media", chat="auth", auth="", media="auth")


class TestPlan:
    def test_all_roles_when_none_is_asked_for(self) -> None:
        assert resolve(HOUSE) == Plan(local=("auth", "chat", "media", "feed", "bff", "ws"), remote=())

    def test_what_a_role_requires_is_remote_when_it_is_not_here(self) -> None:
        assert resolve(HOUSE, ["feed"]) == Plan(local=("feed",), remote=("auth", "media"))

    def test_what_a_required_role_requires_is_reached_too(self) -> None:
        house = manifests(a="b", b="c", c="")
        assert resolve(house, ["a"]).remote == ("c", "b")

    def test_an_edge_reaches_every_role_but_other_edges(self) -> None:
        assert resolve(HOUSE, ["bff"]) == Plan(local=("bff",), remote=("auth", "chat", "media", "feed"))

    def test_the_order_is_by_need_whatever_the_order_asked_for(self) -> None:
        assert resolve(HOUSE, ["bff", "feed", "auth", "feed"]).local == ("auth", "feed", "bff")

    def test_no_roles_at_all(self) -> None:
        assert resolve({}) == Plan(local=(), remote=())


PORTS = {
    "auth": Manifest(name="auth", summary="", http_port=3002, grpc_port=50051),
    "bff": Manifest(name="bff", summary="", edge=True, http_port=4000),
    "feed": Manifest(name="feed", summary="", http_port=3004, grpc_port=50053),
}


class TestPorts:
    @pytest.mark.parametrize(
        ("asked", "ports"),
        [
            ("", (0, 50051)),
            ("feed", (3004, 50053)),
            ("bff", (4000, 0)),
            ("bff feed", (4000, 50053)),
            ("feed auth", (3004, 50053)),
            ("bff feed auth", (0, 50053)),
        ],
    )
    def test_are_those_of_the_first_role_asked_for(self, asked: str, ports: tuple[int, int]) -> None:
        plan = resolve(PORTS, asked.split())
        assert (plan.http_port, plan.grpc_port) == ports


class TestRefusals:
    def test_an_unknown_role_names_those_that_there_are(self) -> None:
        with pytest.raises(UnknownRoleError, match=r"unknown role 'fed'; known roles: bff, ws, feed"):
            resolve(HOUSE, ["feed", "fed"])

    def test_a_requirement_that_no_plugin_has(self) -> None:
        with pytest.raises(UnknownRoleError, match=r"role 'a' requires 'b', which no plugin has"):
            resolve(manifests(a="b"))

    @pytest.mark.parametrize(
        ("house", "circle"),
        [
            (manifests(a="a"), "a -> a"),
            (manifests(a="b", b="a"), "a -> b -> a"),
            (manifests(x="a", a="b", b="c", c="a"), "a -> b -> c -> a"),
        ],
    )
    def test_a_circle_is_written_out(self, house: dict[str, Manifest], circle: str) -> None:
        with pytest.raises(CyclicRolesError, match=f": {circle}$"):
            resolve(house)

    def test_each_is_a_refusal(self) -> None:
        assert issubclass(UnknownRoleError, Refusal)
        assert issubclass(CyclicRolesError, Refusal)


NAMES = "abcdefgh"


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, Manifest]:
    """A house whose roles require only those before them in some order."""
    order = draw(st.permutations(NAMES))
    needs = [
        draw(st.lists(st.sampled_from(order[:index]), unique=True)) if index else [] for index in range(len(order))
    ]
    return manifests(**{name: " ".join(each) for name, each in zip(order, needs, strict=True)})


class TestAnyHouse:
    @given(house=acyclic(), asked=st.lists(st.sampled_from(NAMES)))
    def test_every_role_is_after_those_it_requires_and_none_is_lost(
        self, house: dict[str, Manifest], asked: list[str]
    ) -> None:
        plan = resolve(house, asked)
        assert set(plan.local) == (set(asked) or set(NAMES))
        for roles in (plan.local, plan.remote):
            for place, name in enumerate(roles):
                assert not set(house[name].requires) & set(roles[place:])
        reached = {*plan.local, *plan.remote}
        assert {need for name in reached for need in house[name].requires} <= reached
        assert not set(plan.local) & set(plan.remote)
