-- In a cluster: the events whose effect a consumer has stored. Ids are UUIDv7, so the key is in the order of time, which
-- is what the sweep goes by.
CREATE TABLE event_done (
    consumer VARCHAR(100) NOT NULL,
    event_id VARCHAR(36) NOT NULL,
    done_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
