"""Migration files: how a text becomes statements, and which folders are refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from girok.db.migration_files import MigrationFormat, MigrationNumbering, read_domain, split

TRIGGER = """CREATE TRIGGER a AFTER INSERT ON t
BEGIN
    UPDATE t SET n = 1;
    UPDATE t SET n = 2;
END;"""
FUNCTION = """CREATE FUNCTION f() RETURNS trigger AS $$
BEGIN
    NEW.n := 1;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;"""
STATEMENTS = [
    "CREATE TABLE t (n INTEGER);",
    "CREATE TABLE t (\n    n INTEGER, -- how many; or so\n    m TEXT\n);",
    "INSERT INTO t VALUES ('a;\nb;\n-- no comment');",
    "INSERT INTO t VALUES ('it''s;');",
    'CREATE TABLE "odd;\nname" (n INTEGER);',
    "INSERT INTO t VALUES ('\u2028;\x0c');",
    "/* why;\nthis; */ DELETE FROM t;",
    TRIGGER,
    FUNCTION,
]


def write(root: Path, **files: str) -> None:
    """Files of the domain `d`, by name; `__` in a name stands for a dot."""
    (root / "d").mkdir()
    for name, text in files.items():
        (root / "d" / f"{name.lstrip('_').replace('__', '.')}.sql").write_text(text)


class TestSplit:
    @given(st.lists(st.sampled_from(STATEMENTS)), st.sampled_from(["\n", "\n\n", "\n-- note; \n"]))
    def test_gives_back_the_statements_that_were_joined(self, statements: list[str], between: str) -> None:
        assert split(between.join(["", *statements, ""])) == statements

    def test_a_comment_may_follow_the_end_of_a_statement(self) -> None:
        assert split("DELETE FROM t; -- all\nDELETE FROM s;") == ["DELETE FROM t; -- all", "DELETE FROM s;"]

    @pytest.mark.parametrize("text", ["DELETE FROM t", "INSERT INTO t VALUES ('a;", TRIGGER[:-4], FUNCTION[:-25]])
    def test_a_statement_without_its_end_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="does not end with `;`"):
            split(text)


class TestReadDomain:
    def test_gives_the_files_in_order(self, tmp_path: Path) -> None:
        write(tmp_path, _0002_b="DELETE FROM t;", _0001_a="CREATE TABLE t (n INTEGER);\nDELETE FROM t;")
        first, second = read_domain(tmp_path, "d", "sqlite")
        assert (first.name, first.statements) == ("0001_a", ("CREATE TABLE t (n INTEGER);", "DELETE FROM t;"))
        assert (second.name, second.domain) == ("0002_b", "d")
        assert first.checksum != second.checksum

    def test_a_domain_without_a_folder_has_none(self, tmp_path: Path) -> None:
        assert read_domain(tmp_path, "d", "sqlite") == ()

    @pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
    def test_a_file_for_one_dialect_stands_in_its_place(self, tmp_path: Path, dialect: str) -> None:
        write(tmp_path, _0001_a__sqlite="SELECT 'sqlite';", _0001_a__postgres="SELECT 'postgres';", _0002_b="SELECT 2;")
        first, second = read_domain(tmp_path, "d", dialect)
        assert (first.name, first.statements) == ("0001_a", (f"SELECT '{dialect}';",))
        assert second.name == "0002_b"

    def test_a_dialect_left_out_is_a_gap(self, tmp_path: Path) -> None:
        write(tmp_path, _0001_a__sqlite="SELECT 1;", _0002_b="SELECT 2;")
        with pytest.raises(MigrationNumbering, match="0001 is missing before 0002_b"):
            read_domain(tmp_path, "d", "postgres")

    @pytest.mark.parametrize("name", ["_0002_b", "_0000_b"])
    def test_numbers_begin_at_one(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, **{name: "SELECT 1;"})
        with pytest.raises(MigrationNumbering):
            read_domain(tmp_path, "d", "sqlite")

    @pytest.mark.parametrize("other", ["_0001_b", "_0001_a__sqlite"])
    def test_a_number_twice_is_refused(self, tmp_path: Path, other: str) -> None:
        write(tmp_path, _0001_a="SELECT 1;", **{other: "SELECT 2;"})
        with pytest.raises(MigrationNumbering, match="two migrations have the number 0001"):
            read_domain(tmp_path, "d", "sqlite")

    @pytest.mark.parametrize("name", ["_1_a", "_0001-a", "_0001_A", "notes", "_0001_a__mysql"])
    def test_a_name_against_the_rule_is_refused(self, tmp_path: Path, name: str) -> None:
        write(tmp_path, **{name: "SELECT 1;"})
        with pytest.raises(MigrationFormat, match=r"is named NNNN_name\.sql"):
            read_domain(tmp_path, "d", "sqlite")

    @pytest.mark.parametrize(
        "text", ["", "-- later\n", "SELECT 1", "BEGIN;", "SELECT 1;\ncommit;", "PRAGMA user_version = 3;", "VACUUM;"]
    )
    def test_a_text_that_cannot_be_one_transaction_is_refused(self, tmp_path: Path, text: str) -> None:
        write(tmp_path, _0001_a=text)
        with pytest.raises(MigrationFormat, match="0001_a"):
            read_domain(tmp_path, "d", "sqlite")

    def test_bytes_that_are_no_text_are_refused(self, tmp_path: Path) -> None:
        write(tmp_path)
        (tmp_path / "d" / "0001_a.sql").write_bytes(b"SELECT '\xff';")
        with pytest.raises(MigrationFormat, match="utf-8"):
            read_domain(tmp_path, "d", "sqlite")
