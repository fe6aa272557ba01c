CREATE TABLE feed_post (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    author_id VARCHAR(36) NOT NULL,
    text TEXT NOT NULL,
    client_id VARCHAR(100),
    like_count INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (author_id, client_id)
);

CREATE INDEX feed_post_author ON feed_post (author_id, id);

CREATE TABLE feed_like (
    post_id VARCHAR(36) NOT NULL,
    user_id VARCHAR(36) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (post_id, user_id)
);

CREATE TABLE feed_follow (
    follower_id VARCHAR(36) NOT NULL,
    followee_id VARCHAR(36) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (follower_id, followee_id)
);

CREATE INDEX feed_follow_followee ON feed_follow (followee_id, follower_id);

CREATE TABLE feed_relation_count (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY,
    follower_count INTEGER NOT NULL DEFAULT 0,
    following_count INTEGER NOT NULL DEFAULT 0
);

-- No foreign key: a deleted post leaves the timelines a moment later, by its event.
CREATE TABLE feed_timeline (
    user_id VARCHAR(36) NOT NULL,
    post_id VARCHAR(36) NOT NULL,
    author_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (user_id, post_id)
);

CREATE INDEX feed_timeline_author ON feed_timeline (user_id, author_id);

CREATE INDEX feed_timeline_post ON feed_timeline (post_id);
