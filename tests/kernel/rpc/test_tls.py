"""mTLS: both sides show a certificate of the cluster's authority, or there is no call."""

import logging
import ssl
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from girok.rpc.status import PeerUnavailable
from girok.rpc.wire import TlsRefused, client_tls, server_tls
from girok.sections_cluster import Cluster
from plugins.feed.ports import CreatePostRequest, GetPostRequest
from tests.kernel.rpc.core_client import Core, core
from tests.kernel.rpc.raw import socket_to
from tests.kernel.rpc.serving import FEED, SECRET, feed_of, served

HELLO = GetPostRequest("say:hello")
GET = FEED.methods[2]
RIGHT = {"girok-cluster-secret": SECRET}


class Authority:
    """Signs certificates into a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(self._signed(self._key, name, ca=True).public_bytes(Encoding.PEM))

    def cluster(self, name: str, *, trusts: "Authority | None" = None, days: int = 1) -> Cluster:
        """The settings of a process with a certificate of this authority, which trusts that or another one."""
        key = ec.generate_private_key(ec.SECP256R1())
        own, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        own.write_bytes(self._signed(key, name, days=days).public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        trusted = str((trusts or self).path)
        return Cluster(secret=SECRET, tls_cert=str(own), tls_key=str(private), tls_ca=trusted)

    def _signed(
        self, key: ec.EllipticCurvePrivateKey, name: str, *, ca: bool = False, days: int = 1
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def foreign(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "foreign")


@pytest.fixture(scope="module")
def grpcio() -> Generator[Core, None, None]:
    with core() as client:
        yield client


class TestBetweenProcesses:
    async def test_certificates_of_one_authority_are_right_whatever_their_name(self, ours: Authority) -> None:
        own = client_tls(ours.cluster("client"))
        async with (
            served(tls=server_tls(ours.cluster("server"))) as server,
            feed_of(server.address, tls=own) as (feed, _),
        ):
            assert (await feed.get_post(HELLO)).text == "hello"
            text = "x" * 2_000_000
            assert (await feed.create_post(CreatePostRequest(f"say:{text}"))).text == text

    async def test_a_caller_of_another_authority_is_refused(self, ours: Authority, foreign: Authority) -> None:
        stranger = client_tls(foreign.cluster("client", trusts=ours))
        await self._refused(server_tls(ours.cluster("server")), stranger)

    async def test_a_server_of_another_authority_is_not_called(self, ours: Authority, foreign: Authority) -> None:
        stranger = server_tls(foreign.cluster("server", trusts=ours))
        await self._refused(stranger, client_tls(ours.cluster("client")))

    async def test_a_certificate_that_is_over_is_refused(self, ours: Authority) -> None:
        over = client_tls(ours.cluster("client", days=-1))
        await self._refused(server_tls(ours.cluster("server")), over)

    async def test_a_caller_without_a_certificate_is_refused(self, ours: Authority) -> None:
        bare = ssl.create_default_context(cafile=str(ours.path))
        bare.check_hostname = False
        await self._refused(server_tls(ours.cluster("server")), bare)

    async def test_plain_and_tls_do_not_mix(self, ours: Authority) -> None:
        await self._refused(server_tls(ours.cluster("server")), None)
        await self._refused(None, client_tls(ours.cluster("client")))

    async def _refused(self, server_side: ssl.SSLContext | None, client_side: ssl.SSLContext | None) -> None:
        async with served(tls=server_side) as server, feed_of(server.address, tls=client_side) as (feed, peers):
            with pytest.raises(PeerUnavailable):
                await feed.get_post(HELLO)
            assert not peers.is_up("feed")
            assert server.answers.begun == []


class TestOtherClients:
    async def test_grpcio_with_a_certificate_calls_and_without_one_does_not(
        self, ours: Authority, foreign: Authority, grpcio: Core, caplog: pytest.LogCaptureFixture
    ) -> None:
        right, wrong = ours.cluster("client"), foreign.cluster("stranger", trusts=ours)
        async with served(tls=server_tls(ours.cluster("server"))) as server:
            address = f"localhost:{server.port}"
            said = [
                await grpcio.call(address, GET.path, GET.request.encode(HELLO), metadata=RIGHT, tls=files, timeout=5)
                for files in (
                    [str(ours.path), right.tls_key, right.tls_cert],
                    [str(ours.path), wrong.tls_key, wrong.tls_cert],
                    [str(ours.path)],
                    [],
                )
            ]
        assert [each.code for each in said] == ["OK", "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE"]
        assert server.answers.begun == ["say:hello"]
        assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []

    async def test_garbage_is_cut_off_and_not_logged(self, ours: Authority, caplog: pytest.LogCaptureFixture) -> None:
        async with served(tls=server_tls(ours.cluster("server"))) as server:
            for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + bytes(70_000), b"PRI * HTTP/2.0\r\n\r\n"):
                async with socket_to(server.address) as (reader, writer):
                    writer.write(said)
                    assert await reader.read() is not None
        assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []


class TestFiles:
    def test_without_files_there_is_no_tls(self) -> None:
        assert (server_tls(Cluster()), client_tls(Cluster())) == (None, None)

    def test_a_file_that_is_not_there_is_named(self, ours: Authority, tmp_path: Path) -> None:
        right = ours.cluster("server")
        for name in ("tls_cert", "tls_key", "tls_ca"):
            files = {"tls_cert": right.tls_cert, "tls_key": right.tls_key, "tls_ca": right.tls_ca}
            missing = str(tmp_path / "nowhere.pem")
            with pytest.raises(TlsRefused, match=rf"{name}.*{missing}"):
                server_tls(Cluster(**{**files, name: missing}))

    def test_a_file_that_is_no_certificate_is_named(self, ours: Authority, tmp_path: Path) -> None:
        right = ours.cluster("server")
        nonsense = tmp_path / "nonsense.pem"
        nonsense.write_text("nonsense")
        for name in ("tls_cert", "tls_key", "tls_ca"):
            files = {"tls_cert": right.tls_cert, "tls_key": right.tls_key, "tls_ca": right.tls_ca}
            with pytest.raises(TlsRefused, match=name):
                client_tls(Cluster(**{**files, name: str(nonsense)}))

    def test_a_key_of_another_certificate_is_refused(self, ours: Authority) -> None:
        one, other = ours.cluster("one"), ours.cluster("other")
        with pytest.raises(TlsRefused, match="tls_cert"):
            server_tls(Cluster(tls_cert=one.tls_cert, tls_key=other.tls_key, tls_ca=one.tls_ca))
