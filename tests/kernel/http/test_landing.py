"""The page at /: what it says, in which language, and that it needs nothing from anywhere."""

import base64
import hashlib
import re

import httpx
import pytest

from girok.http.landing import page
from tests.kernel.http.stage import Stage


async def landing(language: str = "en", host: str = "girok.test") -> httpx.Response:
    async with Stage().client() as client:
        return await client.get("/", headers={"accept-language": language, "host": host})


class TestLandingPage:
    async def test_says_what_runs_here(self) -> None:
        response = await landing()
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "<b>auth</b>" in response.text
        assert "accounts &amp; sessions" in response.text

    async def test_speaks_english_and_korean(self) -> None:
        english, korean = await landing("en"), await landing("ko")
        assert (english.headers["content-language"], korean.headers["content-language"]) == ("en", "ko")
        assert '<html lang="ko">' in korean.text
        assert "Where to go" in english.text
        assert "바로가기" in korean.text
        assert "Accept-Language" in english.headers.get_list("vary")

    async def test_leads_only_to_what_is_there(self) -> None:
        links = re.findall(r'href="(/[^"?]*)', (await landing()).text)
        assert links == ["/graphql", "/schema", "/readyz"]
        assert page("en", roles={}, version="1", paths=(), origin="http://a", style="").count("href=") == 1

    @pytest.mark.parametrize("language", ["en", "ko"])
    async def test_needs_nothing_and_allows_nothing_from_elsewhere(self, language: str) -> None:
        response = await landing(language)
        (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = response.headers["content-security-policy"]
        assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
        assert "frame-ancestors 'none'" in policy
        assert "<script" not in response.text
        assert ' style="' not in response.text
        assert re.findall(r'(?:src|url\()="?(?!data:)', response.text) == []

    async def test_shows_its_own_address_harmlessly(self) -> None:
        assert "curl http://girok.test:8787/graphql" in (await landing(host="girok.test:8787")).text
        response = await landing(host="<script>")
        assert "<script>" not in response.text
