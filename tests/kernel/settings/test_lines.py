"""Where a key stands in a file."""

from girok.settings_file import lines_of


class TestLines:
    def test_keys_tables_comments_and_what_looks_like_a_key(self) -> None:
        text = (
            '# [http]\nmode = "x"\n\ntext = """\n[log]\nlevel = 1\n"""\n[http] # listens\nport = 1\n'
            'list = [\n  "a = 1",\n]\nhost.name = 2\n[a."b.c"]\r\nd = {e = 1}\r\n[[many]]\nx = 1\n'
        )
        assert lines_of(text) == {
            ("mode",): 2,
            ("text",): 4,
            ("http",): 8,
            ("http", "port"): 9,
            ("http", "list"): 10,
            ("http", "host"): 13,
            ("http", "host", "name"): 13,
            ("a",): 14,
            ("a", "b.c"): 14,
            ("a", "b.c", "d"): 15,
            ("a", "b.c", "d", "e"): 15,
            ("many",): 16,
            ("many", "x"): 17,
        }

    def test_behind_a_very_long_statement_they_are_unknown(self) -> None:
        text = "a = 1\nb = [\n" + "1,\n" * 300 + "]\nc = 1\n"
        assert lines_of(text) == {("a",): 1}
