"""Charts: what is drawn where, reckoned on the server. Pure: numbers and words in, places out.

Down, a unit is a pixel. Across, bars, dots and letters are placed in percent of the plot, so that a page of any width
shows them unstretched; only curves are drawn on `WIDE` units and stretched. What has a width of its own, such as the
names of lines, is a drawing beside the plot. With `fixed`, a width in pixels, the same is one picture that stands
alone, in a mail. Drawn by `templates/reports/charts/`.
"""

from reports.charts.courses import Course, Point, columns, lines
from reports.charts.heat import Heat, heat
from reports.charts.parts import (
    Bar,
    Bars,
    Part,
    Strip,
    Strips,
    Tally,
    bars,
    count_cells,
    few_that_matter,
    kept_cells,
)
from reports.charts.scales import Scale, count_scale, share_scale, star_scale, time_scale

__all__ = [
    "Bar",
    "Bars",
    "Course",
    "Heat",
    "Part",
    "Point",
    "Scale",
    "Strip",
    "Strips",
    "Tally",
    "bars",
    "columns",
    "count_cells",
    "count_scale",
    "few_that_matter",
    "heat",
    "kept_cells",
    "lines",
    "share_scale",
    "star_scale",
    "time_scale",
]
