"""`mongo.url` taken apart."""

import pytest

from girok.mongo.address import MongoRefused, parse


class TestParse:
    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("mongodb://db", "db:27017/girok"),
            ("mongodb://ada:p%40ss@db:1/feed?replicaSet=a", "db:1/feed"),
            ("mongodb://[::1]:5/", "[::1]:5/girok"),
            ("mongodb://one:1,two:2/girok", "one:1,two:2/girok"),
            ("mongodb+srv://ada:secret@cluster.example.org/feed", "cluster.example.org/feed"),
        ],
    )
    def test_tells_place_and_database_and_no_password(self, url: str, told: str) -> None:
        assert str(parse(url)) == told

    @pytest.mark.parametrize(
        "url", ["mongodb://", "mongodb://ada:s3cr@t@db", "mongodb://ada:s3cr%t@db/", "mongodb://db:s3cr/girok"]
    )
    def test_what_is_no_url_is_refused_without_showing_it(self, url: str) -> None:
        with pytest.raises(MongoRefused, match=r"^mongo\.url \(GIROK_MONGO_URL\): that is no URL like") as refused:
            parse(url)
        assert "s3cr" not in str(refused.value)
        assert refused.value.__cause__ is None
