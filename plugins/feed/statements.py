"""Feed's SQL. What Piccolo can say is said in Piccolo; joins and INSERT ... SELECT are text that both engines take."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from typing import Any

from piccolo.querystring import QueryString

from girok.db.statement import prepare
from plugins.feed.tables import Follow, Like, Post, RelationCount, TimelineEntry

LAST_USER = "g"
"""Sorts after every id (hexadecimal digits and hyphens)."""
NEWEST = LAST_USER

_POSTS = (
    "SELECT p.id, p.author_id, p.text, p.like_count, p.created_at, "
    "EXISTS (SELECT 1 FROM feed_like l WHERE l.post_id = p.id AND l.user_id = {}) AS liked "
)


def _posts(rest: str, viewer: Any, *values: Any) -> Any:
    """Posts as `viewer` sees them; `rest` goes on after the columns."""
    return Post.raw(_POSTS + rest, viewer, *values)


INSERT_POST = prepare(
    lambda p: Post.insert(
        Post(id=p.id, author_id=p.author_id, text=p.text, client_id=p.client_id, like_count=0, created_at=p.created_at)
    ).on_conflict(action="DO NOTHING")
)
POST = prepare(lambda p: _posts("FROM feed_post p WHERE p.id = {}", p.viewer, p.post_id))
POST_BY_CLIENT_ID = prepare(
    lambda p: _posts(
        "FROM feed_post p WHERE p.author_id = {} AND p.client_id = {}", p.author_id, p.author_id, p.client_id
    )
)
POSTS_OF = prepare(
    lambda p: _posts(
        "FROM feed_post p WHERE p.author_id = {} AND p.id < {} ORDER BY p.id DESC LIMIT {}",
        p.viewer,
        p.author_id,
        p.before,
        p.limit,
    )
)
LIKES_OF = prepare(
    lambda p: Like.raw(
        "SELECT post_id AS id, created_at AS since FROM feed_like WHERE user_id = {} AND post_id > {} "
        "ORDER BY post_id LIMIT {}",
        p.user_id,
        p.after,
        p.limit,
    )
)
FOLLOWS_OF = prepare(
    lambda p: Follow.raw(
        "SELECT followee_id AS id, created_at AS since FROM feed_follow WHERE follower_id = {} AND followee_id > {} "
        "ORDER BY followee_id LIMIT {}",
        p.user_id,
        p.after,
        p.limit,
    )
)
DELETE_POST = prepare(lambda p: Post.delete().where(Post.id == p.post_id).returning(Post.id))

INSERT_LIKE = prepare(
    lambda p: Like.insert(Like(post_id=p.post_id, user_id=p.user_id, created_at=p.now)).on_conflict(action="DO NOTHING")
)
DELETE_LIKE = prepare(
    lambda p: Like.delete().where(Like.post_id == p.post_id, Like.user_id == p.user_id).returning(Like.post_id)
)
DELETE_LIKES = prepare(
    lambda p: Like.raw(
        "DELETE FROM feed_like WHERE post_id = {} AND user_id IN "
        "(SELECT user_id FROM feed_like WHERE post_id = {} LIMIT {}) RETURNING user_id",
        p.post_id,
        p.post_id,
        p.limit,
    )
)
ADD_LIKES = prepare(
    lambda p: Post.raw("UPDATE feed_post SET like_count = like_count + {} WHERE id = {}", p.by, p.post_id)
)

INSERT_FOLLOW = prepare(
    lambda p: Follow.insert(Follow(follower_id=p.follower_id, followee_id=p.followee_id, created_at=p.now)).on_conflict(
        action="DO NOTHING"
    )
)
DELETE_FOLLOW = prepare(
    lambda p: (
        Follow.delete()
        .where(Follow.follower_id == p.follower_id, Follow.followee_id == p.followee_id)
        .returning(Follow.follower_id)
    )
)
FOLLOWED_AMONG = prepare(
    lambda p: Follow.select(Follow.followee_id).where(
        Follow.follower_id == p.follower_id, Follow.followee_id.is_in(p.user_ids)
    )
)
RELATION_COUNTS = prepare(lambda p: RelationCount.select().where(RelationCount.user_id.is_in(p.user_ids)))
COUNT_FOLLOWER = prepare(
    lambda p: RelationCount.raw(
        "INSERT INTO feed_relation_count (user_id, follower_count, following_count) VALUES ({}, {}, 0) "
        "ON CONFLICT (user_id) DO UPDATE SET "
        "follower_count = feed_relation_count.follower_count + excluded.follower_count",
        p.user_id,
        p.by,
    )
)
COUNT_FOLLOWING = prepare(
    lambda p: RelationCount.raw(
        "INSERT INTO feed_relation_count (user_id, follower_count, following_count) VALUES ({}, 0, {}) "
        "ON CONFLICT (user_id) DO UPDATE SET "
        "following_count = feed_relation_count.following_count + excluded.following_count",
        p.user_id,
        p.by,
    )
)

TIMELINE = prepare(
    lambda p: _posts(
        "FROM feed_timeline t JOIN feed_post p ON p.id = t.post_id "
        "WHERE t.user_id = {} AND t.post_id < {} ORDER BY t.post_id DESC LIMIT {}",
        p.user_id,
        p.user_id,
        p.before,
        p.limit,
    )
)
INSERT_OWN_ENTRY = prepare(
    lambda p: TimelineEntry.insert(TimelineEntry(user_id=p.user_id, post_id=p.post_id, author_id=p.user_id))
)
PUSH = prepare(
    lambda p: TimelineEntry.raw(
        "INSERT INTO feed_timeline (user_id, post_id, author_id) "
        "SELECT f.follower_id, p.id, p.author_id FROM feed_follow f JOIN feed_post p ON p.id = {} "
        "WHERE f.followee_id = {} AND f.follower_id > {} AND f.follower_id <= {} ON CONFLICT DO NOTHING",
        p.post_id,
        p.author_id,
        p.after,
        p.until,
    )
)
CHUNK_END = prepare(
    lambda p: Follow.raw(
        "SELECT follower_id FROM feed_follow WHERE followee_id = {} AND follower_id > {} "
        "ORDER BY follower_id LIMIT 1 OFFSET {}",
        p.author_id,
        p.after,
        p.skip,
    )
)
BACKFILL = prepare(
    lambda p: TimelineEntry.raw(
        "INSERT INTO feed_timeline (user_id, post_id, author_id) "
        "SELECT f.follower_id, n.id, n.author_id FROM feed_follow f "
        "JOIN (SELECT id, author_id FROM feed_post WHERE author_id = {} ORDER BY id DESC LIMIT {}) n "
        "ON n.author_id = f.followee_id WHERE f.follower_id = {} AND f.followee_id = {} ON CONFLICT DO NOTHING",
        p.followee_id,
        p.limit,
        p.follower_id,
        p.followee_id,
    )
)
DELETE_ENTRIES = prepare(
    lambda p: TimelineEntry.raw(
        "DELETE FROM feed_timeline WHERE post_id = {} AND user_id IN "
        "(SELECT user_id FROM feed_timeline WHERE post_id = {} LIMIT {}) RETURNING user_id",
        p.post_id,
        p.post_id,
        p.limit,
    )
)
DELETE_ENTRIES_OF = prepare(
    lambda p: TimelineEntry.delete().where(TimelineEntry.user_id == p.user_id, TimelineEntry.author_id == p.author_id)
)

# What erases a user, in pieces of `limit` rows. Who calls takes the counts down in the same unit.
ERASE_LIKES_OF_POSTS = prepare(
    lambda p: Like.raw(
        "DELETE FROM feed_like WHERE (post_id, user_id) IN (SELECT l.post_id, l.user_id FROM feed_like l "
        "WHERE l.post_id IN (SELECT id FROM feed_post WHERE author_id = {} ORDER BY id LIMIT {}) LIMIT {}) "
        "RETURNING post_id",
        p.user_id,
        p.limit,
        p.limit,
    )
)
ERASE_POSTS = prepare(
    lambda p: Post.raw(
        "DELETE FROM feed_post WHERE id IN (SELECT id FROM feed_post WHERE author_id = {} ORDER BY id LIMIT {}) "
        "RETURNING id",
        p.user_id,
        p.limit,
    )
)
ERASE_LIKES = prepare(
    lambda p: Like.raw(
        "DELETE FROM feed_like WHERE user_id = {} AND post_id IN "
        "(SELECT post_id FROM feed_like WHERE user_id = {} LIMIT {}) RETURNING post_id",
        p.user_id,
        p.user_id,
        p.limit,
    )
)
ERASE_FOLLOWERS = prepare(
    lambda p: Follow.raw(
        "DELETE FROM feed_follow WHERE followee_id = {} AND follower_id IN "
        "(SELECT follower_id FROM feed_follow WHERE followee_id = {} LIMIT {}) RETURNING follower_id",
        p.user_id,
        p.user_id,
        p.limit,
    )
)
ERASE_FOLLOWED = prepare(
    lambda p: Follow.raw(
        "DELETE FROM feed_follow WHERE follower_id = {} AND followee_id IN "
        "(SELECT followee_id FROM feed_follow WHERE follower_id = {} LIMIT {}) RETURNING followee_id",
        p.user_id,
        p.user_id,
        p.limit,
    )
)
ERASE_ENTRIES_BY = prepare(
    lambda p: TimelineEntry.raw(
        "DELETE FROM feed_timeline WHERE (user_id, post_id) IN "
        "(SELECT user_id, post_id FROM feed_timeline WHERE author_id = {} LIMIT {}) RETURNING post_id",
        p.user_id,
        p.limit,
    )
)
ERASE_ENTRIES_OF = prepare(
    lambda p: TimelineEntry.raw(
        "DELETE FROM feed_timeline WHERE user_id = {} AND post_id IN "
        "(SELECT post_id FROM feed_timeline WHERE user_id = {} LIMIT {}) RETURNING post_id",
        p.user_id,
        p.user_id,
        p.limit,
    )
)
ERASE_COUNTS = prepare(
    lambda p: RelationCount.delete().where(
        RelationCount.user_id == p.user_id, RelationCount.follower_count == 0, RelationCount.following_count == 0
    )
)
TAKE_LIKES = prepare(
    lambda p: Post.update({Post.like_count: QueryString("like_count - {}", p.by)}).where(Post.id.is_in(p.post_ids))
)
TAKE_FOLLOWER = prepare(
    lambda p: RelationCount.update({RelationCount.follower_count: RelationCount.follower_count - 1}).where(
        RelationCount.user_id.is_in(p.user_ids)
    )
)
TAKE_FOLLOWING = prepare(
    lambda p: RelationCount.update({RelationCount.following_count: RelationCount.following_count - 1}).where(
        RelationCount.user_id.is_in(p.user_ids)
    )
)
