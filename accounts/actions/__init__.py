"""The only writers of people, teams, sites and the company's settings.

Each checks "may they?" and "can it be?", then changes. `by` is whoever acts (None: the system).
Errors: PermissionDenied; ValidationError naming the fields, or with a code.
"""

from accounts.actions.availability import set_availability
from accounts.actions.breathers import BREATHER_MINUTES, end_breather, take_breather
from accounts.actions.company import set_up_desk, update_desk
from accounts.actions.invitations import accept_invitation, invite_again, invite_person, withdraw_invitation
from accounts.actions.people import (
    activate_person,
    count_work,
    deactivate_person,
    remove_picture,
    set_picture,
    set_role,
    set_teams,
    update_profile,
)
from accounts.actions.sites import create_site, set_hours, update_site
from accounts.actions.teams import create_team, rename_team
from accounts.actions.tokens import create_token, revoke_token

__all__ = [
    "BREATHER_MINUTES",
    "accept_invitation",
    "activate_person",
    "count_work",
    "create_site",
    "create_team",
    "create_token",
    "deactivate_person",
    "end_breather",
    "invite_again",
    "invite_person",
    "remove_picture",
    "rename_team",
    "revoke_token",
    "set_availability",
    "set_hours",
    "set_picture",
    "set_role",
    "set_teams",
    "set_up_desk",
    "take_breather",
    "update_desk",
    "update_profile",
    "update_site",
    "withdraw_invitation",
]
