-- Access and refresh tokens are signed (JWT); a session is known by its id. Sessions of opaque tokens end here.
DROP TABLE auth_session;

-- One row for each login and each guest token (`domain`). A row that ended stays for a while, for the record.
CREATE TABLE auth_session (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    user_id VARCHAR(36) NOT NULL REFERENCES auth_user (id),
    domain VARCHAR(253),
    device VARCHAR(300),
    address VARCHAR(64),
    created_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ
);

CREATE INDEX auth_session_user ON auth_session (user_id, last_used_at);

CREATE INDEX auth_session_expires ON auth_session (expires_at);

-- Refresh tokens that may be used: not yet used, or used moments ago. One that is signed but not here was used up.
CREATE TABLE auth_refresh_token (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    session_id VARCHAR(36) NOT NULL REFERENCES auth_session (id),
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);

CREATE INDEX auth_refresh_token_session ON auth_refresh_token (session_id);

CREATE INDEX auth_refresh_token_expires ON auth_refresh_token (expires_at);

-- Keys that sign tokens; `number` counts them, so that of two processes that make one at once only one does.
-- The private half is sealed (girok/sealing.py). A key signs from `signs_from` until the next one does.
CREATE TABLE auth_signing_key (
    id VARCHAR(64) NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    private_key BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    signs_from TIMESTAMPTZ NOT NULL
);

-- LOCAL, or the provider that the account was made with.
ALTER TABLE auth_user ADD COLUMN provider VARCHAR(20) NOT NULL DEFAULT 'LOCAL';

-- Since when the email is known to be its owner's.
ALTER TABLE auth_user ADD COLUMN email_verified_at TIMESTAMPTZ;

-- Since when nobody can sign in to it.
ALTER TABLE auth_user ADD COLUMN disabled_at TIMESTAMPTZ;

-- Accounts elsewhere that one can sign in with.
CREATE TABLE auth_identity (
    provider VARCHAR(40) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    user_id VARCHAR(36) NOT NULL REFERENCES auth_user (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (provider, subject)
);

CREATE INDEX auth_identity_user ON auth_identity (user_id);

-- Proofs of one use: links sent by mail, and the end of a social login. `hash` is the SHA-256 of what was given away,
-- `content` what it stands for, sealed.
CREATE TABLE auth_ticket (
    hash VARCHAR(64) NOT NULL PRIMARY KEY,
    purpose VARCHAR(20) NOT NULL,
    user_id VARCHAR(36),
    content BYTEA NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX auth_ticket_expires ON auth_ticket (expires_at);

CREATE INDEX auth_ticket_user ON auth_ticket (user_id);

-- What was done to accounts. Rows are only ever added; an erased user's rows lose address and device.
CREATE TABLE auth_audit (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    kind VARCHAR(40) NOT NULL,
    user_id VARCHAR(36),
    actor VARCHAR(100) NOT NULL,
    session_id VARCHAR(36),
    address VARCHAR(64),
    device VARCHAR(300),
    detail TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX auth_audit_user ON auth_audit (user_id, id);

-- Accounts that were erased: the id alone. It is told again each day for a month, for whoever missed it.
CREATE TABLE auth_erasure (
    user_id VARCHAR(36) NOT NULL PRIMARY KEY,
    erased_at TIMESTAMPTZ NOT NULL,
    told_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX auth_erasure_told ON auth_erasure (told_at);
