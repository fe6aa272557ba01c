"""TLS between the processes of a cluster: both sides show a certificate of its authority."""

import ssl
from pathlib import Path

from girok.refusal import Refusal
from girok.sections_cluster import Cluster

__all__ = ["TlsRefused", "client_tls", "server_tls"]


class TlsRefused(Refusal):
    """A file of the cluster's TLS cannot be used."""


def server_tls(cluster: Cluster) -> ssl.SSLContext | None:
    """TLS that demands a certificate of the cluster's authority; None without the files. Raises TlsRefused."""
    context = _tls(cluster, ssl.PROTOCOL_TLS_SERVER)
    if context is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_tls(cluster: Cluster) -> ssl.SSLContext | None:
    """TLS that shows this process' certificate; None without the files. Raises TlsRefused.

    Peers are known by address and come and go, so a certificate has to be of the authority, whatever name it has.
    """
    context = _tls(cluster, ssl.PROTOCOL_TLS_CLIENT)
    if context is not None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _tls(cluster: Cluster, protocol: int) -> ssl.SSLContext | None:
    if not cluster.tls_cert:
        return None
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["h2"])
    try:
        context.load_cert_chain(cluster.tls_cert, cluster.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise TlsRefused(f"cluster.tls_cert, cluster.tls_key: {_why(error)}: {_missing(cluster)}") from error
    try:
        context.load_verify_locations(cluster.tls_ca)
    except (OSError, ssl.SSLError) as error:
        raise TlsRefused(f"cluster.tls_ca: {_why(error)}: {cluster.tls_ca}") from error
    return context


def _why(error: OSError) -> str:
    return "this is no certificate with its key" if isinstance(error, ssl.SSLError) else str(error.strerror)


def _missing(cluster: Cluster) -> str:
    return next((each for each in (cluster.tls_cert, cluster.tls_key) if not Path(each).exists()), cluster.tls_cert)
