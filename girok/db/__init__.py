"""The SQL store: reads, units of work, migrations.

database    the port: `fetch`, `run`              unit        what commits together, with its events
statement   Piccolo queries compiled once         table       the base of every Piccolo table; dialect
sqlite*     the engine on SQLite                  postgres*   the engine on PostgreSQL
migration*  plain SQL, forward only               drift       what the tables are against what is declared
"""
