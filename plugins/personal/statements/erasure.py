"""The SQL that erases a user, in pieces of `limit` rows. Their files are in files.py."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from girok.db.statement import prepare
from plugins.personal.tables import PreferencesRow, ResumeRow, ShareRow

ERASE_SHARES = prepare(
    lambda p: ShareRow.raw(
        "DELETE FROM personal_share WHERE id IN (SELECT id FROM personal_share WHERE user_id = {} LIMIT {}) "
        "RETURNING id",
        p.user_id,
        p.limit,
    )
)
ERASE_RESUMES = prepare(
    lambda p: ResumeRow.raw(
        "DELETE FROM personal_resume WHERE id IN (SELECT id FROM personal_resume WHERE user_id = {} LIMIT {}) "
        "RETURNING id",
        p.user_id,
        p.limit,
    )
)
ERASE_PREFERENCES = prepare(lambda p: PreferencesRow.delete().where(PreferencesRow.user_id == p.user_id))
