-- handle_hash is the SHA-256 of the cookie, access_token is sealed (girok/sealing.py) for that hash.
CREATE TABLE bff_session (
    handle_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id VARCHAR(36) NOT NULL,
    access_token BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX bff_session_expires ON bff_session (expires_at);
