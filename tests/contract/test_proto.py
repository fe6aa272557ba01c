"""The .proto files: committed beside what is generated from them, one for every port, with what the contract names."""

import shutil
from pathlib import Path

import pytest

from girok.manifest import discover, part
from girok.rpc.contract import contract_of
from girok.rpc.generate import generate, protos

ROOT = Path(__file__).parents[2]
MANIFESTS = discover()
PORTS = [(name, port) for name, each in MANIFESTS.items() for port in each.provides]
PROMISED = {
    "auth": """
        ValidateToken(ValidateTokenRequest) -> ValidateTokenResponse
        GetUser(GetUserRequest) -> User
        GetUserByUsername(GetUserByUsernameRequest) -> User
        GetUsersByIds(GetUsersByIdsRequest) -> UsersResponse
        Login(LoginRequest) -> LoginResponse
        Register(RegisterRequest) -> RegisterResponse
    """,
    "feed": """
        GetTimeline(GetTimelineRequest) -> TimelineResponse
        CreatePost(CreatePostRequest) -> Post
        GetPost(GetPostRequest) -> Post
        LikePost(LikePostRequest) -> LikeResponse
    """,
    "personal": """
        GetResume(GetResumeRequest) -> Resume
        GetResumesByUserId(GetResumesByUserIdRequest) -> ResumesResponse
        GetPublicResume(GetPublicResumeRequest) -> Resume
        CreateResume(CreateResumeRequest) -> Resume
        UpdateResume(UpdateResumeRequest) -> Resume
    """,
}
"""What the platform's contract says must exist; other calls may, too."""
TIMESTAMP = "google.protobuf.Timestamp"


def service(role: str, port: str) -> object:
    return part(role, f"{role}_pb2").DESCRIPTOR.services_by_name[port]


class TestGenerated:
    def test_modules_are_what_protoc_makes_of_the_protos(self, tmp_path: Path) -> None:
        for each in protos(ROOT):
            (tmp_path / "sources" / each).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / each, tmp_path / "sources" / each)
        target = tmp_path / "made"
        target.mkdir()
        generate(tmp_path / "sources", target)
        made = {str(each.relative_to(target)): each.read_text() for each in target.rglob("*_pb2.py")}
        committed = [*ROOT.glob("girok/**/*_pb2.py"), *ROOT.glob("plugins/**/*_pb2.py")]
        assert made == {str(each.relative_to(ROOT)): each.read_text() for each in committed}

    def test_a_proto_that_is_wrong_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "girok").mkdir()
        (tmp_path / "plugins").mkdir()
        (tmp_path / "girok" / "wrong.proto").write_text('syntax = "proto3"; message { }')
        with pytest.raises(RuntimeError):
            generate(tmp_path, tmp_path)


class TestPorts:
    @pytest.mark.parametrize(("role", "port"), PORTS)
    def test_every_port_has_a_service_that_says_the_same(self, role: str, port: str) -> None:
        made = contract_of(role, port)
        assert made.service == f"girok.{role}.v1.{port}"
        assert {each.path for each in made.methods} == {
            f"/{made.service}/{each.name}" for each in service(role, port).methods
        }

    @pytest.mark.parametrize("role", sorted({role for role, _ in PORTS}))
    def test_a_role_that_provides_a_port_serves_grpc(self, role: str) -> None:
        assert MANIFESTS[role].grpc_port

    @pytest.mark.parametrize(("role", "port"), PORTS)
    def test_who_acts_is_never_a_field(self, role: str, port: str) -> None:
        named = [
            f"{each.input_type.name}.{name}"
            for each in service(role, port).methods
            for name in each.input_type.fields_by_name
            if name in {"actor", "actor_id", "viewer_id", "session", "secret"}
        ]
        assert named == []

    @pytest.mark.parametrize("role", sorted({role for role, _ in PORTS}))
    def test_ids_are_strings_and_times_are_timestamps(self, role: str) -> None:
        fields = [
            each
            for message in part(role, f"{role}_pb2").DESCRIPTOR.message_types_by_name.values()
            for each in message.fields
        ]
        ids = [each for each in fields if each.name in {"id", "ids"} or each.name.endswith(("_id", "_ids"))]
        times = [each for each in fields if each.name.endswith("_at")]
        assert [each.full_name for each in ids if each.type != each.TYPE_STRING] == []
        assert [each.full_name for each in times if each.message_type.full_name != TIMESTAMP] == []


class TestPromised:
    @pytest.mark.parametrize("role", PROMISED)
    def test_every_call_of_the_contract_exists(self, role: str) -> None:
        (port,) = MANIFESTS[role].provides
        there = {
            f"{each.name}({each.input_type.name}) -> {each.output_type.name}" for each in service(role, port).methods
        }
        promised = {line.strip() for line in PROMISED[role].strip().splitlines()}
        assert promised - there == set()
