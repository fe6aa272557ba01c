"""Our GraphQL schema beside the contract's: the same where both have it, and what is not there yet by name.

`schema.graphql` is a copy of the contract. Types and operations of domains that do not exist yet are in MISSING; a
domain that arrives takes its names out of it. Ours may have nothing that the contract lacks, but for what EXTRA names.
Ours are the domains that the contract knows: a plugin that somebody adds brings what it likes.
"""

from collections.abc import Iterator
from pathlib import Path

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    print_ast,
)

from girok.graphql.schema import assemble
from girok.manifest import discover, part

MISSING = {
    "realtime, as of 2026-11-24": """
        Mutation.socketTicket SocketTicket
    """,
    "feed, as of 2026-11-24": """
        Query.hashtagPosts Query.notifications
        Mutation.blockUser Mutation.markNotificationsRead Mutation.muteUser Mutation.report Mutation.unblockUser
        Mutation.unmuteUser
        CreatePostInput.mediaIds CreatePostInput.replyToId
        Post.media Post.replies Post.replyCount Post.replyTo
        User.isBlocked User.isMuted
        Notification NotificationConnection NotificationEdge NotificationKind ReportInput ReportKind
    """,
    "subscriptions, as of 2026-11-24": "Subscription",
    "chat, as of 2026-11-24": """
        Query.messages Query.room Query.rooms
        Mutation.createRoom Mutation.deleteMessage Mutation.editMessage Mutation.inviteToRoom Mutation.leaveRoom
        Mutation.markRead Mutation.sendMessage
        CreateRoomInput Member MemberRole Message MessageConnection MessageEdge Room RoomConnection RoomEdge
        SendMessageInput
    """,
    "matching, as of 2026-11-24": """
        Query.queueStatus Mutation.joinQueue Mutation.leaveQueue Mutation.skipUser
        JoinQueueInput QueueState QueueStatus
    """,
    "media, as of 2026-11-24": """
        Mutation.completeUpload Mutation.createUpload Mutation.deleteMedia
        Header Media MediaKind MediaState Upload UploadInput Variant
    """,
}
EXTRA = {"Mutation.requestEmailVerification"}

CONTRACT = build_schema((Path(__file__).parent / "schema.graphql").read_text())
DOMAINS = {"auth", "bff", "chat", "feed", "llm", "matching", "media", "personal", "ws"}
OURS = assemble(module.PART for name in discover() if name in DOMAINS and (module := part(name, "graphql")) is not None)


def _members(kind: GraphQLNamedType) -> Iterator[tuple[str, str]]:
    """Everything of a type, each with what it must agree in: its type, whether it may be null, its default."""
    yield kind.name, type(kind).__name__
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{kind.name}.{value}", "value") for value in kind.values)
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{kind.name}.{name}", _input(field)) for name, field in kind.fields.items())
    if isinstance(kind, GraphQLObjectType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", str(field.type)
            yield from ((f"{kind.name}.{name}({each}:)", _input(argument)) for each, argument in field.args.items())


def _input(given: GraphQLArgument | GraphQLInputField) -> str:
    default = given.default and given.default.literal
    return f"{given.type} = {print_ast(default)}" if default else str(given.type)


def _shape(schema: GraphQLSchema) -> dict[str, str]:
    kinds = [kind for kind in schema.type_map.values() if not kind.name.startswith("__")]
    return {name: what for kind in kinds for name, what in _members(kind)}


def _outermost(names: set[str]) -> set[str]:
    """Without the fields of types, and the arguments of fields, that are there themselves."""
    return {name for name in names if not {name.partition(".")[0], name.partition("(")[0]} & (names - {name})}


class TestSchema:
    def test_what_both_have_is_the_same(self) -> None:
        ours, contract = _shape(OURS), _shape(CONTRACT)
        both = ours.keys() & contract.keys()
        assert {name: ours[name] for name in both} == {name: contract[name] for name in both}

    def test_ours_has_nothing_of_its_own(self) -> None:
        assert _shape(OURS).keys() - _shape(CONTRACT).keys() == EXTRA

    def test_what_ours_lacks_is_named(self) -> None:
        named = {name for names in MISSING.values() for name in names.split()}
        assert _outermost(_shape(CONTRACT).keys() - _shape(OURS).keys()) == named

    def test_nothing_is_named_twice(self) -> None:
        names = [name for names in MISSING.values() for name in names.split()]
        assert len(names) == len(set(names))
