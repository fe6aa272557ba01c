"""The SQL of preferences."""

# pyright: reportUnknownMemberType=false, reportUnknownLambdaType=false
# Piccolo leaves the type arguments of its own queries open.

from girok.db.statement import prepare
from plugins.personal.tables import PreferencesRow

PREFERENCES = prepare(lambda p: PreferencesRow.select().where(PreferencesRow.user_id == p.user_id))
INSERT_PREFERENCES = prepare(
    lambda p: PreferencesRow.insert(
        PreferencesRow(
            user_id=p.user_id,
            id=p.id,
            theme=p.theme,
            section_order=p.section_order,
            created_at=p.created_at,
            updated_at=p.updated_at,
        )
    ).on_conflict(action="DO NOTHING")
)
UPDATE_PREFERENCES = prepare(
    lambda p: PreferencesRow.raw(
        "UPDATE personal_preferences SET theme = {}, section_order = {}, updated_at = {} WHERE user_id = {}",
        p.theme,
        p.section_order,
        p.updated_at,
        p.user_id,
    )
)
