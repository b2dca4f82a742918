"""What our mails say: in the company's own words, or in the usual ones."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.module_loading import import_string

from outbox.filling import WordingKind, Words
from outbox.models import Wording


def wording_kinds() -> dict[str, WordingKind]:
    """The kinds of mail whose words can be changed, in the order in which they are shown."""
    return {name: import_string(path) for name, path in settings.MAIL_WORDINGS.items()}


def words_for(kind: str, *, is_known: bool = True) -> Words:
    """What this kind of mail says in the language that is spoken now; its names are not filled in yet. `is_known`: the
    address is known to be of whoever wrote to us."""
    usual = wording_kinds()[kind].usual(is_known)
    own = Wording.objects.filter(kind=kind, language=translation.get_language() or "en").first()
    return Words(own.subject or usual.subject, own.body) if own else usual


def own_words() -> dict[tuple[str, str], Wording]:
    """What the company has put in words of its own, by kind and language."""
    return {(one.kind, one.language): one for one in Wording.objects.all()}
