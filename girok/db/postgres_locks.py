"""The advisory locks on a database: two numbers each, of which the first is girok's."""

__all__ = ["LOCKS", "MIGRATION_LOCK", "STORE_LOCK", "TURN_LOCK"]

LOCKS = 0x6769726F
"""`giro`."""
STORE_LOCK = 1
"""Whose store it is: one box has it alone, the processes of a cluster share it. Held as long as one is connected."""
MIGRATION_LOCK = 2
"""Who makes the table of migrations."""
TURN_LOCK = 3
"""Whose unit runs again after a conflict."""
