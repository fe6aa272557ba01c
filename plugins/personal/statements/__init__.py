"""Personal's SQL, a file for each topic: SQLite and PostgreSQL run the same statements."""
