"""Charts as pictures, for mails: the drawing of the page in the same styles, on light paper. Pure."""

from __future__ import annotations

import re
from functools import cache
from io import BytesIO
from pathlib import Path

import fontpkg_inter
import resvg_py
from django.contrib.staticfiles import finders
from PIL import Image

FONT = fontpkg_inter.ROOT / "files" / "Inter[opsz,wght].ttf"
STYLES = ("css/tokens.css", "css/reports.css")
BASE = "svg { fill: #1f1d1a; font-family: Inter; font-size: 12px }"
# What pages do with newer means than drawing knows, and names of lines that must fit beside them.
OWN = """.chart .scale { paint-order: stroke; stroke: #ffffff; stroke-width: 3px; stroke-linejoin: round }
.chart text.name { font-size: 10.5px; letter-spacing: -0.1px }"""
PAPER = "#ffffff"
PIXELS_EACH = 2  # of a screen for one of the mail: sharp on today's
REM = 16  # pixels
COLORS = 64
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_VARIABLE = re.compile(r"(--[\w-]+)\s*:\s*([^;]+)")
_USE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,[^()]*)?\)")
_REM = re.compile(r"(\d*\.?\d+)rem\b")
_SVG = re.compile(r"<svg\b.*</svg>", re.DOTALL)
# What the font has no letters for: beyond Latin, Greek and Cyrillic, signs and arrows.
_FOREIGN = re.compile(r"[\u0530-\u1dff\u2c00-\ufb00\U00010000-\U0010ffff]")


def as_picture(markup: str, *, width: int) -> bytes:
    """The SVG drawing in this markup as a PNG file, for a place of so many pixels of the mail.

    Errors: ValueError, if there is no drawing in it, or none that can be read.
    """
    found = _SVG.search(markup)
    if found is None:
        raise ValueError("there is no drawing in it")
    svg = found[0].replace("&nbsp;", "&#160;")
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg,
        style_sheet=_styles(),
        background=PAPER,
        width=width * PIXELS_EACH,
        # Names may be written in anything; what this machine has is asked only then, as that takes a while.
        skip_system_fonts=not _FOREIGN.search(svg),
        font_files=[str(FONT)],
        font_family=fontpkg_inter.FAMILY,
        sans_serif_family=fontpkg_inter.FAMILY,
    )
    return _small(bytes(drawn))


def for_drawing(css: str) -> str:
    """A style sheet as one that draws can read it: plain rules, variables and `rem` resolved, light colours."""
    rules = [(what.strip(), how) for what, how in _RULE.findall(_without_at_rules(_COMMENT.sub("", css)))]
    variables = {
        name: value.strip() for what, how in rules if what == ":root" for name, value in _VARIABLE.findall(how)
    }
    return "\n".join(f"{what} {{{_resolved(how, variables)}}}" for what, how in rules if ":" not in what)


@cache
def _styles() -> str:
    found = [finders.find(name) for name in STYLES]
    return "\n".join([BASE, for_drawing("\n".join(Path(str(path)).read_text() for path in found)), OWN])


def _without_at_rules(css: str) -> str:
    """What holds only on some screens, or on paper, is left out."""
    kept, depth, is_left_out = [], 0, False
    for part in re.split(r"([{}]|@[\w-]+)", css):
        is_left_out = is_left_out or part.startswith("@")
        depth += (part == "{") - (part == "}")
        if not is_left_out:
            kept.append(part)
        elif (part == "}" or ";" in part) and depth == 0:
            is_left_out = False
    return "".join(kept)


def _resolved(declarations: str, variables: dict[str, str]) -> str:
    for _ in range(10):  # one may stand in another
        if "var(" not in declarations:
            break
        declarations = _USE.sub(lambda use: variables.get(use[1], "none"), declarations)
    return _REM.sub(lambda size: f"{float(size[1]) * REM:g}px", _light(declarations))


def _light(value: str) -> str:
    """The first of each `light-dark(…, …)`."""
    before, found, after = value.partition("light-dark(")
    if not found:
        return value
    depth, first, end = 1, None, 0
    for end, letter in enumerate(after):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 1 and first is None:
            first = after[:end].strip()
        if depth == 0:
            break
    return before + (first or "none") + _light(after[end + 1 :])


def _small(png: bytes) -> bytes:
    """The same with the few colours that a chart has: a fifth of the bytes."""
    out = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        few = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        few.save(out, "PNG", optimize=True)
    return out.getvalue()
