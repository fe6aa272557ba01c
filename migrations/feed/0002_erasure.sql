-- What somebody liked, for when they are erased.
CREATE INDEX feed_like_user ON feed_like (user_id);

-- Entries by their author alone, too: what is left in timelines of somebody who is erased.
DROP INDEX feed_timeline_author;

CREATE INDEX feed_timeline_author ON feed_timeline (author_id, user_id);
