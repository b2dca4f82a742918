"""Pure readings: figures with their definitions, and who carries how much. Import them from here."""

from reports.queries.load import Here, Load, Loads, people_here, team_load
from reports.queries.now import Figure, Near, Note, Now, TeamLine, as_time, now_figures

__all__ = [
    "Figure",
    "Here",
    "Load",
    "Loads",
    "Near",
    "Note",
    "Now",
    "TeamLine",
    "as_time",
    "now_figures",
    "people_here",
    "team_load",
]
