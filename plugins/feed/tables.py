"""Feed's tables. Piccolo knows no composite keys: there, the class names the leading column of the key."""

from piccolo.columns import Integer, Text, Timestamptz, Varchar

from girok.db.table import Table

__all__ = ["Follow", "Like", "Post", "RelationCount", "TimelineEntry"]


class Post(Table, tablename="feed_post"):
    """A post. (author_id, client_id) is unique; `like_count` is the number of its rows in feed_like."""

    id = Varchar(36, primary_key=True)
    author_id = Varchar(36)
    text = Text()
    client_id = Varchar(100, null=True)
    like_count = Integer(default=0)
    created_at = Timestamptz()


class Like(Table, tablename="feed_like"):
    """Key: (post_id, user_id)."""

    post_id = Varchar(36, primary_key=True)
    user_id = Varchar(36)
    created_at = Timestamptz()


class Follow(Table, tablename="feed_follow"):
    """Key: (follower_id, followee_id)."""

    follower_id = Varchar(36, primary_key=True)
    followee_id = Varchar(36)
    created_at = Timestamptz()


class RelationCount(Table, tablename="feed_relation_count"):
    """How many follow a user and are followed; no row means zeros."""

    user_id = Varchar(36, primary_key=True)
    follower_count = Integer(default=0)
    following_count = Integer(default=0)


class TimelineEntry(Table, tablename="feed_timeline"):
    """A post in somebody's timeline. Key: (user_id, post_id); post ids sort by time."""

    user_id = Varchar(36, primary_key=True)
    post_id = Varchar(36)
    author_id = Varchar(36)
