-- Sessions of tokens that nobody takes any more end here.
DROP TABLE bff_session;

-- handle_hash is the SHA-256 of the cookie; `tokens` are the session's access and refresh token, sealed
-- (girok/sealing.py) for that hash. next_id is the id of the refresh token that is being asked for.
CREATE TABLE bff_session (
    handle_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    session_id VARCHAR(36) NOT NULL,
    user_id VARCHAR(36) NOT NULL,
    tokens BYTEA NOT NULL,
    access_expires_at TIMESTAMPTZ NOT NULL,
    next_id VARCHAR(36),
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX bff_session_expires ON bff_session (expires_at);

CREATE INDEX bff_session_user ON bff_session (user_id);
