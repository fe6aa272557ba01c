"""Personal's storage on SQL: SQLite and PostgreSQL run the same statements."""
