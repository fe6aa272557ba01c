"""How long a link is good for, and whose look at it counts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.personal.errors import InvalidExpiry
from plugins.personal.links import Duration, expiry, is_token, new_token, seen_by_a_person

NOW = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


class TestExpiry:
    @pytest.mark.parametrize(
        ("duration", "end"),
        [
            ("1_week", "2026-02-07T12:30:00+00:00"),
            ("1_month", "2026-02-28T12:30:00+00:00"),
            ("3_months", "2026-04-30T12:30:00+00:00"),
        ],
    )
    def test_counts_from_now_and_months_as_a_calendar_does(self, duration: Duration, end: str) -> None:
        assert expiry(duration, None, NOW) == datetime.fromisoformat(end)

    def test_goes_over_the_end_of_a_year_and_knows_leap_years(self) -> None:
        assert expiry("3_months", None, datetime(2027, 11, 30, tzinfo=UTC)) == datetime(2028, 2, 29, tzinfo=UTC)

    @given(st.integers(0, 100 * 366))
    def test_a_month_is_28_to_31_days_and_three_are_89_to_92(self, days: int) -> None:
        now = NOW + timedelta(days=days)
        one, three = expiry("1_month", None, now), expiry("3_months", None, now)
        assert one is not None
        assert three is not None
        assert 28 <= (one - now).days <= 31
        assert 89 <= (three - now).days <= 92

    def test_permanent_has_no_end(self) -> None:
        assert expiry("permanent", NOW - timedelta(days=1), NOW) is None

    def test_custom_is_the_time_that_is_given_in_any_zone(self) -> None:
        given = datetime(2026, 2, 1, 9, tzinfo=timezone(timedelta(hours=9)))
        assert expiry("custom", given, NOW) == datetime(2026, 2, 1, tzinfo=UTC)
        assert expiry("custom", datetime.fromisoformat("2026-02-01T00:00"), NOW) == datetime(2026, 2, 1, tzinfo=UTC)

    @pytest.mark.parametrize(
        "custom",
        [
            None,
            NOW,
            NOW - timedelta(microseconds=1),
            datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-9))),
            datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9))),
        ],
    )
    def test_custom_must_be_a_time_to_come(self, custom: datetime | None) -> None:
        with pytest.raises(InvalidExpiry):
            expiry("custom", custom, NOW)


class TestToken:
    def test_has_more_than_128_bits_and_is_never_the_same(self) -> None:
        tokens = {new_token() for _ in range(1_000)}
        assert len(tokens) == 1_000
        assert all(is_token(each) and len(each) * 4 >= 128 for each in tokens)

    @pytest.mark.parametrize("text", ["", "x", "A" * 40, "a" * 39, "a" * 41, "a" * 40 + "\n", "가" * 40, "٣" * 40])
    def test_what_is_none_is_told(self, text: str) -> None:
        assert not is_token(text)


class TestSeenByAPerson:
    @pytest.mark.parametrize(
        "user_agent",
        [
            "",
            FIREFOX,
            "curl/7.88.1",
            "python-httpx/0.28.1",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 KAKAOTALK/25.2.1 (INAPP)",
            "Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/140.0.0.0 Mobile Safari/537.36",
        ],
    )
    def test_people_are(self, user_agent: str) -> None:
        assert seen_by_a_person(user_agent, "")

    @pytest.mark.parametrize(
        "user_agent",
        [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 (compatible; Yeti/1.1; +https://naver.me/spd)",
            "Mozilla/5.0 (compatible; Daumoa/4.0; +http://cs.daum.net/faq)",
            "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984",
            "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            "Twitterbot/1.0",
            "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
            "TelegramBot (like TwitterBot)",
            "WhatsApp/2.23.20.0",
            "Mozilla/5.0 (compatible; Yahoo! Slurp)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2)",
            "Baiduspider+(+http://www.baidu.com/search/spider.htm)",
        ],
    )
    def test_robots_are_not(self, user_agent: str) -> None:
        assert not seen_by_a_person(user_agent, "")

    def test_nor_is_a_browser_that_loads_ahead(self) -> None:
        assert not seen_by_a_person(FIREFOX, "prefetch;prerender")
