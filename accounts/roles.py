"""Who may do what: the one table of roles and permissions.

A permission is `app.verb`. A role has everything that the roles below it have.
"""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    MANAGER = "manager"
    ADMIN = "admin"


ROLE_CHOICES = [
    (Role.AGENT.value, _("Agent")),
    (Role.LEAD.value, _("Lead")),
    (Role.MANAGER.value, _("Manager")),
    (Role.ADMIN.value, _("Admin")),
]

_ADDED: dict[Role, set[str]] = {
    Role.AGENT: {
        "tickets.view",
        "tickets.open",
        "tickets.reply",
        "tickets.note",
        "tickets.assign",
        "tickets.set_status",
        "tickets.set_priority",
        "tickets.tag",
        "tickets.set_fields",
        "tickets.resolve",
        "tickets.reopen",
        "tickets.merge",
        "tickets.trash",
        "customers.view",
        "customers.change",
        "customers.block",
        "recovery.view",
        "recovery.work",  # note failures, work cases, make offers within one's limits
    },
    Role.LEAD: {
        "reports.view",
        "tickets.share",
        "tickets.redact",
        "customers.merge",
        "customers.block_addresses",  # an office shares one
        "recovery.approve",
        "recovery.stop",  # to stop everything is anybody's duty who sees it go wrong; to go on is a manager's
    },
    Role.MANAGER: {
        "tickets.view_all",
        "customers.view_all",
        "tickets.change_root_causes",
        "tickets.shape",
        "tickets.promise",  # what the company promises its customers
        "recovery.manage",
    },
    Role.ADMIN: {
        "accounts.manage_people",
        "accounts.manage_sites",
        "accounts.manage_desk",
        "outbox.view",
        "outbox.manage",  # whom mails come from, what they say, and whether they leave
        "mailroom.manage",
    },
}


def _accumulate() -> dict[str, frozenset[str]]:
    held: set[str] = set()
    table = {}
    for role in Role:  # in the order above: from the least to the most
        held |= _ADDED[role]
        table[role.value] = frozenset(held)
    return table


PERMISSIONS: dict[str, frozenset[str]] = _accumulate()
ALL_PERMISSIONS = PERMISSIONS[Role.ADMIN]


def may(role: str, permission: str) -> bool:
    """Whether this role holds the permission; a permission that nobody declared is an error, not a no."""
    if permission not in ALL_PERMISSIONS:
        raise LookupError(f"unknown permission {permission!r}; declare it in accounts/roles.py")
    return permission in PERMISSIONS[role]
