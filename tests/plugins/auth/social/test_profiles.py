"""Who somebody is, out of what providers answer."""

from typing import Any

import pytest

from plugins.auth.social.profile import MalformedProfile, SocialProfile, from_claims, from_kakao, from_naver

GOOGLE = {
    "sub": "110169484474386276334",
    "email": "ada@example.org",
    "email_verified": True,
    "name": "Ada Lovelace",
    "picture": "https://lh3.example/ada.png",
}
KAKAO: dict[str, Any] = {
    "id": 123456789,
    "connected_at": "2022-04-11T01:45:28Z",
    "kakao_account": {
        "profile": {"nickname": "홍길동", "profile_image_url": "https://k.example/img_640x640.jpg"},
        "email_needs_agreement": False,
        "is_email_valid": True,
        "is_email_verified": True,
        "email": "sample@kakao.example",
    },
}
NAVER: dict[str, Any] = {
    "resultcode": "00",
    "message": "success",
    "response": {
        "id": "32742776",
        "email": "openapi@naver.example",
        "nickname": "OpenAPI",
        "name": "오픈 API",
        "profile_image": "https://ssl.example/nodata_33x33.gif",
    },
}


def kakao(**account: Any) -> SocialProfile:
    return from_kakao("kakao", {**KAKAO, "kakao_account": {**KAKAO["kakao_account"], **account}})


class TestClaims:
    def test_give_the_whole_profile(self) -> None:
        assert from_claims("google", GOOGLE) == SocialProfile(
            provider="google",
            subject="110169484474386276334",
            email="ada@example.org",
            email_verified=True,
            name="Ada Lovelace",
            avatar="https://lh3.example/ada.png",
        )

    def test_a_subject_is_enough(self) -> None:
        assert from_claims("oidc:acme", {"sub": "1"}) == SocialProfile(provider="oidc:acme", subject="1")

    @pytest.mark.parametrize("verified", ["true", 1, None, False])
    def test_an_email_is_verified_by_true_only(self, verified: object) -> None:
        assert not from_claims("google", {**GOOGLE, "email_verified": verified}).email_verified

    @pytest.mark.parametrize("subject", [None, "", 7, "x" * 256, "한", "a\0b", ["1"]])
    def test_nobody_without_a_subject(self, subject: object) -> None:
        with pytest.raises(MalformedProfile):
            from_claims("google", {**GOOGLE, "sub": subject})

    @pytest.mark.parametrize("email", ["ada", "a@b@c", "a b@c.org", "a\n@c.org", f"{'a' * 60}@{'b' * 250}", 5, ["a@b"]])
    def test_what_is_no_email_is_none_and_not_verified(self, email: object) -> None:
        profile = from_claims("google", {**GOOGLE, "email": email})
        assert (profile.email, profile.email_verified) == (None, False)

    @pytest.mark.parametrize(
        "picture", ["http://a.example/1.png", "javascript:alert(1)", "https://a b", f"https://{'a' * 2048}", 1]
    )
    def test_an_avatar_is_a_short_https_address(self, picture: object) -> None:
        assert from_claims("google", {**GOOGLE, "picture": picture}).avatar is None

    @pytest.mark.parametrize(
        ("given", "name"), [("  Ada\0\u202e\n L ", "Ada L"), ("\0", None), ("a" * 300, "a" * 100), ({}, None)]
    )
    def test_a_name_is_printable_and_short(self, given: object, name: str | None) -> None:
        assert from_claims("google", {**GOOGLE, "name": given}).name == name

    def test_no_person_shows_in_a_repr(self) -> None:
        assert "ada" not in repr(from_claims("google", GOOGLE)).lower()


class TestKakao:
    def test_gives_the_whole_profile(self) -> None:
        assert from_kakao("kakao", KAKAO) == SocialProfile(
            provider="kakao",
            subject="123456789",
            email="sample@kakao.example",
            email_verified=True,
            name="홍길동",
            avatar="https://k.example/img_640x640.jpg",
        )

    def test_an_email_that_passed_to_another_account_is_not_verified(self) -> None:
        assert not kakao(is_email_valid=False).email_verified

    def test_an_unverified_email_is_not_verified(self) -> None:
        assert not kakao(is_email_verified=False).email_verified

    def test_who_agreed_to_nothing_is_still_somebody(self) -> None:
        assert from_kakao("kakao", {"id": 5}) == SocialProfile(provider="kakao", subject="5")

    @pytest.mark.parametrize("answer", [{}, {"id": "5"}, {"id": True}, {"id": None}, {"msg": "no", "code": -401}])
    def test_nobody_without_a_number(self, answer: dict[str, Any]) -> None:
        with pytest.raises(MalformedProfile):
            from_kakao("kakao", answer)

    @pytest.mark.parametrize("account", [None, [], "x", {"profile": 7}])
    def test_parts_of_another_form_are_left_out(self, account: object) -> None:
        assert from_kakao("kakao", {"id": 5, "kakao_account": account}).name is None


class TestNaver:
    def test_gives_the_whole_profile_without_a_word_on_its_email(self) -> None:
        assert from_naver("naver", NAVER) == SocialProfile(
            provider="naver",
            subject="32742776",
            email="openapi@naver.example",
            email_verified=False,
            name="오픈 API",
            avatar="https://ssl.example/nodata_33x33.gif",
        )

    def test_a_nickname_stands_in_for_a_name(self) -> None:
        assert from_naver("naver", {"response": {"id": "1", "nickname": "Open"}}).name == "Open"

    def test_an_email_is_never_verified(self) -> None:
        told = {**NAVER["response"], "email_verified": True}
        assert not from_naver("naver", {**NAVER, "response": told}).email_verified

    @pytest.mark.parametrize(
        "answer", [{}, {"resultcode": "024", "message": "Authentication failed"}, {"response": []}]
    )
    def test_nobody_without_an_id(self, answer: dict[str, Any]) -> None:
        with pytest.raises(MalformedProfile):
            from_naver("naver", answer)
