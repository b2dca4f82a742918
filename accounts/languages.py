"""The languages that the chat and the desk speak, and which of them somebody gets."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

# Code: its own name. The words themselves are in static/widget/texts/.
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "pt": "Português",
    "ar": "العربية",
    "ja": "日本語",
}
# Those that the workspace and the mails speak too: each has its words in locale/.
DESK_LANGUAGES = {code: LANGUAGES[code] for code in ("en", "de")}
RIGHT_TO_LEFT = frozenset({"ar"})
_LOCALE = re.compile(r"(?=.{2,20}\Z)[a-z]{2,3}([-_][a-z0-9]{1,8})*\Z", re.IGNORECASE)


def code_of(locale: str) -> str:
    """`de` of `de-AT` or `de_AT`."""
    return locale.replace("_", "-").partition("-")[0].lower()


def direction_of(locale: str) -> str:
    return "rtl" if code_of(locale) in RIGHT_TO_LEFT else "ltr"


def choose(wanted: Iterable[str], *, offered: Iterable[str], default: str) -> str:
    """The first wanted locale whose language is offered, as it was wanted (`de-AT`); the default if there is none."""
    codes = set(offered)
    fitting = (locale.replace("_", "-") for locale in wanted if _LOCALE.match(locale) and code_of(locale) in codes)
    return next(fitting, default)


def mail_language(*wanted: str) -> str:
    """The language of a mail to somebody who reads these locales, dearest first: the first that our mails speak."""
    return code_of(choose(wanted, offered=DESK_LANGUAGES, default="en"))


def language_in_words(locale: str) -> str:
    """Such as "German (AT)" or "British English", in the reader's; the code itself where it has no name."""
    code = locale.replace("_", "-").lower()
    try:
        named = get_language_info(code)
    except KeyError:
        return _("Chinese") if code.startswith("zh") else locale
    region = code.removeprefix(named["code"]).strip("-")
    name = str(named["name_translated"])
    return f"{name} ({region.upper()})" if len(region) == 2 else name
