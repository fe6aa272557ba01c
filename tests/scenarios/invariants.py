"""What a store never holds, as queries that find it: on SQLite and on PostgreSQL."""

__all__ = ["NEVER", "NOT_WHEN_SETTLED"]

NEVER = {
    "a post whose like_count is not the number of its likes": """
        SELECT id FROM feed_post p WHERE like_count <> (SELECT count(*) FROM feed_like l WHERE l.post_id = p.id)""",
    "a follower_count that is not the number of followers": """
        SELECT user_id FROM feed_relation_count c WHERE follower_count <>
        (SELECT count(*) FROM feed_follow f WHERE f.followee_id = c.user_id)""",
    "a following_count that is not the number of those followed": """
        SELECT user_id FROM feed_relation_count c WHERE following_count <>
        (SELECT count(*) FROM feed_follow f WHERE f.follower_id = c.user_id)""",
    "a follow that is not counted": """
        SELECT follower_id FROM feed_follow WHERE follower_id NOT IN (SELECT user_id FROM feed_relation_count)
        OR followee_id NOT IN (SELECT user_id FROM feed_relation_count)""",
    "a post that its author does not see": """
        SELECT id FROM feed_post EXCEPT SELECT post_id FROM feed_timeline WHERE user_id = author_id""",
    "a client id with two posts": """
        SELECT client_id FROM feed_post WHERE client_id IS NOT NULL
        GROUP BY author_id, client_id HAVING count(*) > 1""",
    "an entry twice": "SELECT post_id FROM feed_timeline GROUP BY user_id, post_id HAVING count(*) > 1",
    "a dead letter": "SELECT event_id FROM event_outbox WHERE dead_at IS NOT NULL",
}
_DUE = """
    SELECT author_id, id FROM feed_post
    UNION ALL SELECT f.follower_id, p.id FROM feed_follow f JOIN feed_post p ON p.author_id = f.followee_id"""
NOT_WHEN_SETTLED = {
    "an event that waits": "SELECT event_id FROM event_outbox",
    "a like of no post": "SELECT post_id FROM feed_like WHERE post_id NOT IN (SELECT id FROM feed_post)",
    "an entry that is missing": f"SELECT * FROM ({_DUE}) EXCEPT SELECT user_id, post_id FROM feed_timeline",
    "an entry too many": f"SELECT user_id, post_id FROM feed_timeline EXCEPT SELECT * FROM ({_DUE})",
}
