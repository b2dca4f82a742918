"""What Bellwether Cycles looks at again and again."""

from __future__ import annotations

from accounts.models import Team, User
from tickets.actions import save_view

# name, by whom, for whom ("me", "all", a team's slug), query, order, columns
VIEWS: list[tuple[str, str, str, str, str, list[str]]] = [
    ("Urgent", "Lena Brandt", "all", "is:unsolved priority:urgent priority:high", "priority", []),
    ("Waiting for a part", "Lena Brandt", "workshop", "is:on_hold", "oldest", ["number", "status", "tags"]),
    ("Refunds", "Jonas Reuter", "me", "refund after:60d", "newest", ["number", "channel", "status", "assignee"]),
    ("My open mails", "Jonas Reuter", "me", "is:unsolved is:mine channel:email", "", []),
]


def write_views(people: dict[str, User], teams: dict[str, Team]) -> None:
    """Keep them, each by whoever would have."""
    for name, who, whose, query, sort, columns in VIEWS:
        by, team, is_shared = people[who], teams.get(whose), whose != "me"
        save_view(by=by, name=name, query=query, sort=sort, columns=columns, team=team, is_shared=is_shared)
