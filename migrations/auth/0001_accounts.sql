-- email is as it was typed, email_key the spelling that is unique. An account without a password has no password_hash.
CREATE TABLE auth_user (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    email VARCHAR(254) NOT NULL,
    email_key VARCHAR(254) NOT NULL UNIQUE,
    username VARCHAR(20) NOT NULL UNIQUE,
    name VARCHAR(100) NOT NULL,
    avatar TEXT,
    bio TEXT,
    role VARCHAR(10) NOT NULL DEFAULT 'USER',
    password_hash TEXT,
    created_at TIMESTAMPTZ NOT NULL
);

-- One row for each login; token_hash is the SHA-256 of the access token. A row that ended stays, for the record.
CREATE TABLE auth_session (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36) NOT NULL REFERENCES auth_user (id),
    token_hash VARCHAR(64) NOT NULL UNIQUE,
    device VARCHAR(300),
    address VARCHAR(64),
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);

CREATE INDEX auth_session_user ON auth_session (user_id, last_used_at);
