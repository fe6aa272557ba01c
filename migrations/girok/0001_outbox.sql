-- One row for each event and consumer that has not done it yet; with dead_at it is a dead letter.
CREATE TABLE event_outbox (
    event_id VARCHAR(36) NOT NULL,
    consumer VARCHAR(100) NOT NULL,
    subject VARCHAR(100) NOT NULL,
    envelope TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    waits INTEGER NOT NULL DEFAULT 0,
    due_at TIMESTAMPTZ NOT NULL,
    dead_at TIMESTAMPTZ,
    error TEXT,
    PRIMARY KEY (event_id, consumer)
);

CREATE INDEX event_outbox_due ON event_outbox (consumer, due_at, event_id) WHERE dead_at IS NULL;

CREATE INDEX event_outbox_dead ON event_outbox (dead_at) WHERE dead_at IS NOT NULL;
