"""What is said of a mail that could not be read as it is: `SENTENCE` or `SENTENCE: detail`; whoever shows it translates
the sentence."""

from __future__ import annotations

from mailroom.parsing.limits import gettext_noop

PICTURES_ELSEWHERE = gettext_noop("Pictures that are kept elsewhere were left out")  # : how many
UNKNOWN_CHARSET = gettext_noop("The letters were guessed, since the mail does not say truly how they are written")
BROKEN_ENCODING = gettext_noop("A part of the mail is damaged")  # : its name, where it has one
BROKEN_STRUCTURE = gettext_noop("The mail is not put together as it should be")
INVITATION = gettext_noop("Invitation")  # : what and when
ENCRYPTED = gettext_noop("The mail is encrypted and cannot be read here")
SIGNED_INSIDE = gettext_noop("The mail is wrapped in its signature and cannot be read here")
WINMAIL_OPENED = gettext_noop("Files were taken out of winmail.dat")  # : how many
WINMAIL_BROKEN = gettext_noop("winmail.dat could not be opened")
MANY_HEADERS = gettext_noop("The header is very long; the rest of it was left out")
HTML_CUT = gettext_noop("The formatted text is too long or too tangled; it is shown plainly")
QUOTE_CUT = gettext_noop("The quoted text is very long; the rest of it was left out")
KEPT_ELSEWHERE = gettext_noop("A file is kept elsewhere and was not fetched")
SEVERAL_SENDERS = gettext_noop("The mail names several senders")
NO_SENDER = gettext_noop("The mail does not say who sent it")
UNUSABLE_SENDER = gettext_noop("The sender’s address cannot be answered")  # : as it is written
IN_PIECES = gettext_noop("The mail is one piece of several")

ALL = tuple(value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str))
