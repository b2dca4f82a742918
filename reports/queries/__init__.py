"""Pure readings: figures with their definitions, and who carries how much. Import them from here."""

from reports.queries.load import Load, team_load
from reports.queries.now import Figure, Now, TeamLine, as_time, now_figures

__all__ = ["Figure", "Load", "Now", "TeamLine", "as_time", "now_figures", "team_load"]
