-- Who this store is, for others that belong to it: one row.
CREATE TABLE girok_store (
    number INTEGER NOT NULL PRIMARY KEY,
    id VARCHAR(36) NOT NULL
);
