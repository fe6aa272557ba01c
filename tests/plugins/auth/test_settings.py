"""What auth's settings must be in production."""

import pytest

from girok.manifest import Manifest
from girok.settings_load import SettingsError, load
from plugins.auth.plugin import MANIFEST, AuthSettings

MANIFESTS: dict[str, Manifest] = {"auth": MANIFEST}
PRODUCTION = {"GIROK_MODE": "production", "GIROK_WEB_ORIGINS": "https://girok.example"}


def hashing(memory_kib: int, passes: int) -> dict[str, str]:
    return {"GIROK_AUTH_ARGON2_MEMORY_KIB": str(memory_kib), "GIROK_AUTH_ARGON2_PASSES": str(passes)}


class TestHashing:
    @pytest.mark.parametrize(("memory_kib", "passes"), [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)])
    def test_what_owasp_advises_is_good(self, memory_kib: int, passes: int) -> None:
        settings = load(MANIFESTS, env=PRODUCTION | hashing(memory_kib, passes)).get(AuthSettings)
        assert (settings.argon2_memory_kib, settings.argon2_passes) == (memory_kib, passes)

    @pytest.mark.parametrize(
        ("memory_kib", "passes", "told"),
        [
            (7_167, 100, "auth.argon2_memory_kib (GIROK_AUTH_ARGON2_MEMORY_KIB): must be 7168 at least in production"),
            (19_456, 1, "auth.argon2_passes (GIROK_AUTH_ARGON2_PASSES): must be 2 at least in production, "),
            (7_168, 4, "auth.argon2_passes (GIROK_AUTH_ARGON2_PASSES): must be 5 at least in production, "),
        ],
    )
    def test_less_is_refused_in_production(self, memory_kib: int, passes: int, told: str) -> None:
        with pytest.raises(SettingsError) as caught:
            load(MANIFESTS, env=PRODUCTION | hashing(memory_kib, passes))
        assert str(caught.value).startswith(told)

    def test_a_developer_may_hash_as_cheaply_as_they_like(self) -> None:
        assert load(MANIFESTS, env=hashing(64, 1)).get(AuthSettings).argon2_memory_kib == 64
