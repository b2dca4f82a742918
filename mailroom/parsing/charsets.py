"""From bytes to text, whatever they are said to be written in. Never fails."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

_SAMPLE = 6_000  # bytes that are looked at when guessing
_LEAST_TO_GUESS = 24  # bytes beyond ASCII or around them; fewer tell nothing
# As browsers and mail programs take them, rather than as their names say.
_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "x-windows-874": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf_7",
    "unicode-1-1-utf-8": "utf_8",
    "utf8mb4": "utf_8",
    "utf-8-mac": "utf_8",
    "x-utf-8": "utf_8",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "x-mac-ce": "mac_latin2",
}
# Codecs of Python that are no way to write letters, or slow.
_NO_CHARSETS = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "palmos"}
_WIDE = ("utf-16", "utf-32", "utf_16", "utf_32")
_MARKS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
_PLAUSIBLE = [
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp874"),
    *("cp932", "euc_jp", "gb18030", "big5", "cp949"),
]
# What is in text and says nothing: NUL and the other controls but tab and line end, lone surrogates, marks of order.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_DIRECTIONS = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\U000e0000-\U000e007f]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


@lru_cache(maxsize=256)
def codec_of(declared: str) -> str:
    """Python's name for a charset as a mail names it, or nothing."""
    name = re.split(r"[\s;,*]", declared.strip().strip("\"'<>").lower(), maxsplit=1)[0][:40]
    name = _MEANT.get(name) or _MEANT.get(name.replace("_", "-")) or name
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return ""
    is_text = getattr(codec, "_is_text_encoding", True)  # not zip, hex and their like
    return codec.name if is_text and codec.name.replace("-", "_") not in _NO_CHARSETS else ""


def decode(data: bytes, declared: str = "") -> tuple[str, bool]:
    """The text, and whether it is written as declared. Bytes that are no letters of the charset become `\\ufffd`."""
    if data.isascii() and not declared:
        return data.decode("ascii"), True
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, "replace"), True
    codec = codec_of(declared)
    if codec.startswith(_WIDE) and b"\0" not in data:
        codec = ""  # nobody writes that without a single NUL: it lies
    if codec not in ("", "utf-8", "utf-7", "hz") and not codec.startswith(("iso2022", *_WIDE)):
        said = _strictly(data, "utf-8")
        if said is not None and not data.isascii():
            return said, False
    if codec:
        said = _strictly(data, codec)
        if said is None:
            said = _nearly(data, codec)
        if said is not None:
            return said, True
    return _guess(data), not declared and _strictly(data, "utf-8") is not None


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _nearly(data: bytes, codec: str) -> str | None:
    """A text with a few wrong letters is better than one that is all wrong."""
    try:
        said = data.decode(codec, "replace")
    except (UnicodeError, LookupError, ValueError):
        return None
    beyond = sum(letter > "\x7f" for letter in said[:_SAMPLE])
    wrong = said[:_SAMPLE].count("\ufffd")
    return said if wrong * 10 <= beyond or codec == "cp1252" or wrong == 1 and len(data) > _SAMPLE else None


def _guess(data: bytes) -> str:
    said = _strictly(data, "utf-8")
    if said is not None:
        return said
    said = _nearly(data, "utf-8")
    if said is not None:
        return said
    sample = _around(data)
    if len(sample) >= _LEAST_TO_GUESS:
        best = from_bytes(sample, cp_isolation=_PLAUSIBLE, preemptive_behaviour=False).best()
        if best is not None:
            return data.decode(best.encoding, "replace")
    said = _strictly(data, "cp1252")
    return data.decode("latin-1") if said is None else said


def _around(data: bytes) -> bytes:
    """The lines that have bytes beyond ASCII: they alone tell anything."""
    lines = [line for line in data[: 20 * _SAMPLE].splitlines() if not line.isascii()]
    return b"\n".join(lines)[:_SAMPLE]


def clean(text: str) -> str:
    """Text of several lines that may be kept and shown: line ends are `\\n`; no NUL, control or lone surrogate."""
    if text.isascii() and text.isprintable():
        return text
    return _OVERRIDES.sub("", _UNSAYABLE.sub("", _LINE_ENDS.sub("\n", _joined(text))))


def clean_line(text: str) -> str:
    """The same on one line, for names and subjects; and nothing in it turns the reading direction around."""
    return " ".join(_DIRECTIONS.sub("", clean(text)).split())


def _joined(text: str) -> str:
    """Two surrogates that make a letter become it (UTF-16 in disguise)."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore") if _has_surrogate(text) else text


def _has_surrogate(text: str) -> bool:
    return bool(re.search("[\ud800-\udfff]", text))
