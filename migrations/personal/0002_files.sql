-- Every file in the object store that is a user's; its key is the object's. The row is there before the object and goes
-- after it, so that no object is ever without one. A file that nothing keeps expires; one of size 0 is on its way.
CREATE TABLE personal_file (
    key VARCHAR(100) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36) NOT NULL,
    kind VARCHAR(10) NOT NULL,
    file_name VARCHAR(200) NOT NULL,
    mime_type VARCHAR(100) NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX personal_file_expires ON personal_file (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX personal_file_user ON personal_file (user_id, created_at);

-- What keeps a file: it is part of a resume. `position` counts within its type.
CREATE TABLE personal_attachment (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    resume_id VARCHAR(36) NOT NULL,
    type VARCHAR(20) NOT NULL,
    key VARCHAR(100) NOT NULL UNIQUE REFERENCES personal_file (key),
    title TEXT,
    description TEXT,
    position INTEGER NOT NULL,
    visible BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX personal_attachment_resume ON personal_attachment (resume_id, position);

CREATE UNIQUE INDEX personal_attachment_photo ON personal_attachment (resume_id) WHERE type = 'PROFILE_PHOTO';
