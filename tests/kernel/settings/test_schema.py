"""Which keys there are."""

from typing import ClassVar

import pytest

from girok.manifest import discover
from girok.settings import Section
from girok.settings_keys import Schema
from girok.settings_load import schema_of
from tests.kernel.settings.plugins import MANIFESTS

SCHEMA = schema_of(MANIFESTS)


class TestKeys:
    def test_names_and_variables(self) -> None:
        names = {key.name: key.variable for key in SCHEMA.keys}
        assert names["mode"] == "GIROK_MODE"
        assert names["limits.login"] == "GIROK_LIMITS_LOGIN"
        assert names["shop.mail.host"] == "GIROK_SHOP_MAIL__HOST"
        assert names["shop.models.NAME.url"] == "GIROK_SHOP_MODELS__NAME__URL"
        assert names["shop.shares.NAME"] == "GIROK_SHOP_SHARES__NAME"

    @pytest.mark.parametrize("key", schema_of(discover()).keys, ids=lambda each: each.name)
    def test_every_key_of_girok_has_a_description(self, key: object) -> None:
        assert getattr(key, "description", "").endswith(".")

    def test_every_table_has_a_description(self) -> None:
        assert [kind.__doc__ for kind in schema_of(discover()).sections.values() if not kind.__doc__] == []


class TestDeclarations:
    def test_a_type_that_settings_cannot_have(self) -> None:
        class Odd(Section, frozen=True):
            section: ClassVar[str] = "odd"
            one: int | None = None

        with pytest.raises(TypeError, match=r"odd\.one: a setting cannot be of type"):
            Schema([Odd])

    def test_a_key_without_a_default(self) -> None:
        class Odd(Section, frozen=True):
            section: ClassVar[str] = "odd"
            one: int

        with pytest.raises(TypeError, match=r"odd\.one: a setting needs a default"):
            Schema([Odd])

    def test_two_keys_with_one_variable(self) -> None:
        class A(Section, frozen=True):
            section: ClassVar[str] = "a"
            b_c: int = 1

        class AB(Section, frozen=True):
            section: ClassVar[str] = "a_b"
            c: int = 1

        with pytest.raises(ValueError, match="one name"):
            Schema([A, AB])
