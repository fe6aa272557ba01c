"""`girok user` and `girok audit`, where auth runs."""

from collections.abc import Mapping

from girok.command import Command, takes
from girok.kit import Kit
from plugins.auth.accounts import AuditOf, Named, NewAccount, NewPassword, NewRole
from plugins.auth.service.operators import Operators

__all__ = ["commands"]


def commands(kit: Kit) -> Mapping[str, Command]:
    """What operators do to accounts. `user.list` and `audit.export` are streams."""
    does = kit.ports[Operators]
    return {
        "user.create": takes(
            NewAccount,
            lambda new: does.create(
                email=new.email, username=new.username, password=new.password, name=new.name, role=new.role
            ),
        ),
        "user.show": takes(Named, lambda it: does.show(it.user)),
        "user.list": lambda _: does.list(),
        "user.role": takes(NewRole, lambda new: does.set_role(new.user, new.role)),
        "user.reset-password": takes(NewPassword, lambda new: does.reset_password(new.user, new.password)),
        "user.disable": takes(Named, lambda it: does.disable(it.user)),
        "user.enable": takes(Named, lambda it: does.enable(it.user)),
        "user.erase": takes(Named, lambda it: does.erase(it.user)),
        "audit.export": takes(AuditOf, lambda it: does.audit(it.user_id)),
    }
