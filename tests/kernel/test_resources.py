"""Resources: data that ships with girok is found in the repository and in an installed copy."""

from pathlib import Path

import pytest

from girok.resources import MissingResource, resource


class TestResource:
    def test_finds_the_migrations_of_this_checkout(self) -> None:
        assert (resource("migrations") / "girok" / "0001_outbox.sql").is_file()

    def test_beside_the_package_in_a_checkout(self, tmp_path: Path) -> None:
        (tmp_path / "girok").mkdir()
        (tmp_path / "migrations").mkdir()
        assert resource("migrations", tmp_path / "girok") == tmp_path / "migrations"

    def test_inside_the_package_when_installed(self, tmp_path: Path) -> None:
        (tmp_path / "girok/_data/migrations").mkdir(parents=True)
        (tmp_path / "migrations").mkdir()
        assert resource("migrations", tmp_path / "girok") == tmp_path / "girok/_data/migrations"

    @pytest.mark.parametrize("installed", ["girok/_data", "girok"])
    def test_what_is_missing_is_named_and_nothing_of_somebody_else_is_taken(
        self, tmp_path: Path, installed: str
    ) -> None:
        (tmp_path / installed).mkdir(parents=True)
        with pytest.raises(MissingResource, match=r"migrations is missing"):
            resource("migrations", tmp_path / "girok")
