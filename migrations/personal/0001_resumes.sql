-- A resume is read and written whole: `content` is JSON, what has a column of its own is searched or compared.
CREATE TABLE personal_resume (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36) NOT NULL,
    title TEXT NOT NULL,
    is_default BOOLEAN NOT NULL DEFAULT FALSE,
    version INTEGER NOT NULL DEFAULT 1,
    profile_image TEXT,
    content TEXT NOT NULL,
    deleted_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- In the order of every list: the default first, then the newest.
CREATE INDEX personal_resume_user ON personal_resume (user_id, is_default, id);

CREATE UNIQUE INDEX personal_resume_default ON personal_resume (user_id) WHERE is_default AND deleted_at IS NULL;
