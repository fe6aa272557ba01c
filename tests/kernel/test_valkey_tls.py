"""Valkey behind TLS: `valkeys://` speaks to a server whose certificate is trusted, and to no other."""

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from girok.servers.valkey import valkey as valkey_server
from girok.testing.servers import started
from girok.valkey import ValkeyRefused, open_valkey


def certificate(folder: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "valkey")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file = folder / "valkey.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem))
    return file


@asynccontextmanager
async def behind_tls(url: str, pem: Path) -> AsyncGenerator[str, None]:
    """The `valkeys://` URL of a TLS listener before the server at `url`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.create_task(serve(reader, writer)))

    listener = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    async with listener:
        yield f"valkeys://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    await asyncio.gather(*serving)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, to its end."""
    while piece := await reader.read(65_536):
        writer.write(piece)
    writer.close()
    await writer.wait_closed()


class TestCertificate:
    async def test_that_is_trusted_lets_calls_through(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pem = certificate(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        async with started(valkey_server) as server, behind_tls(server.url, pem) as url, open_valkey(url) as valkey:
            assert await valkey.command("ECHO", "text") == b"text"

    async def test_that_is_not_is_refused(self, tmp_path: Path) -> None:
        async with started(valkey_server) as server, behind_tls(server.url, certificate(tmp_path)) as url:
            with pytest.raises(ValkeyRefused, match="CERTIFICATE_VERIFY_FAILED"):
                async with open_valkey(url, patience=0):
                    raise AssertionError
