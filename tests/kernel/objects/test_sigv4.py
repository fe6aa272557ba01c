"""Signed URLs of S3, against the example of its documentation; what a real server takes is in the contract suite."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from girok.objects.sigv4 import QuerySigner
from tests.kernel.objects.support import FixedClock


def _signer(endpoint: str) -> QuerySigner:
    clock = FixedClock()
    clock.time = datetime(2013, 5, 24, tzinfo=UTC)
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    return QuerySigner(endpoint, region="us-east-1", access_key="AKIAIOSFODNN7EXAMPLE", secret_key=secret, clock=clock)


def _signature(url: str) -> str:
    return parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]


class TestQuerySigner:
    def test_it_signs_the_example_of_the_documentation(self) -> None:
        assert _signer("https://examplebucket.s3.amazonaws.com").url("GET", "/test.txt", expires_in=86400) == (
            "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )

    @pytest.mark.parametrize(
        ("said", "meant"),
        [
            ("https://s3.girok.dev:443", "https://s3.girok.dev"),
            ("http://s3.girok.dev:80/", "http://s3.girok.dev"),
            ("https://S3.Girok.dev", "https://s3.girok.dev"),
        ],
    )
    def test_the_host_is_signed_as_clients_send_it(self, said: str, meant: str) -> None:
        urls = [_signer(endpoint).url("GET", "/temp/a", expires_in=60) for endpoint in (said, meant)]
        assert _signature(urls[0]) == _signature(urls[1])

    def test_another_port_is_another_host(self) -> None:
        urls = [_signer(f"http://127.0.0.1{port}").url("GET", "/temp/a", expires_in=60) for port in (":9000", "")]
        assert _signature(urls[0]) != _signature(urls[1])

    def test_headers_are_named_in_order_whatever_their_case(self) -> None:
        url = _signer("http://s3").url(
            "PUT", "/a/b", expires_in=60, headers={"If-None-Match": "*", "Content-Type": "a/b"}
        )
        assert parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"] == ["content-type;host;if-none-match"]
