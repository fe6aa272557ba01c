-- Links to a resume. Who has a token reads what the link shows, until it expires or is switched off.
CREATE TABLE personal_share (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    token VARCHAR(64) NOT NULL UNIQUE,
    resume_id VARCHAR(36) NOT NULL,
    user_id VARCHAR(36) NOT NULL,
    expires_at TIMESTAMPTZ,
    is_active BOOLEAN NOT NULL,
    view_count INTEGER NOT NULL DEFAULT 0,
    last_viewed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX personal_share_user ON personal_share (user_id, id);

-- How somebody likes to see the client; section_order is JSON.
CREATE TABLE personal_preferences (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY,
    id VARCHAR(36) NOT NULL,
    theme VARCHAR(10) NOT NULL,
    section_order TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
