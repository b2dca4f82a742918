"""What our mails say, in the company's own words or in the usual ones."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.languages import DESK_LANGUAGES
from customers.models import Customer
from mailroom.forms.senders import WordingForm
from outbox.actions.wordings import BODY_CHARS, SUBJECT_CHARS, reset_wording, save_wording
from outbox.filling import WordingKind, Words, as_written, names_in
from outbox.models import Wording
from outbox.queries import own_words, wording_kinds
from tickets.models import Ticket
from tickets.wordings import sample

UNPROCESSABLE = 422
SECTION = {"section": "email", "tab": "wordings"}


@requires("outbox.manage")
@require_safe
def wordings(request: HttpRequest) -> HttpResponse:
    """The kinds of mail whose words can be changed, in each language."""
    own = own_words()
    rows = [
        (name, kind, [(code, said, (name, code) in own) for code, said in DESK_LANGUAGES.items()])
        for name, kind in wording_kinds().items()
    ]
    return render(request, "mailroom/wordings.html", {"rows": rows} | SECTION)


@requires("outbox.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def wording(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """One of them in one language; `do=reset` takes the usual words again."""
    rules = _kind(kind, language)
    own = Wording.objects.filter(kind=kind, language=language).first()
    with translation.override(language):
        usual = rules.usual(True)
    if request.method == "POST" and request.POST.get("do") == "reset":
        reset_wording(kind, by=viewer(request), language=language)
        messages.success(request, _("It says the usual words again."))
        return redirect("mailroom:wording", kind, language)
    shown = {"subject": own.subject if own else "", "body": own.body if own else usual.body}
    form = WordingForm(request.POST if request.method == "POST" else None, kind=rules, language=language, initial=shown)
    if request.method == "POST" and form.is_valid():
        try:
            save_wording(kind, by=viewer(request), language=language, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved. From now on these mails say it like this."))
            return redirect("mailroom:wording", kind, language)
    context: dict[str, Any] = {
        "form": form,
        "kind": kind,
        "code": language,
        "language_name": DESK_LANGUAGES[language],
        "rules": rules,
        "own": own,
        "usual_subject": usual.subject,
    }
    context |= _sample(request, kind, language, Words(shown["subject"] or usual.subject, shown["body"]))
    return render(request, "mailroom/wording.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


@requires("outbox.manage")
@require_POST
def preview(request: HttpRequest, kind: str, language: str) -> HttpResponse:
    """What the typed words become, for a made-up customer."""
    rules = _kind(kind, language)
    said = {name: request.POST.get(name, "").replace("\x00", "") for name in ("subject", "body")}
    with translation.override(language):
        usual = rules.usual(True)
    words = Words(said["subject"][:SUBJECT_CHARS] or usual.subject, said["body"][:BODY_CHARS])
    return render(request, "mailroom/_wording_preview.html", _sample(request, kind, language, words))


def _kind(name: str, language: str) -> WordingKind:
    kind = wording_kinds().get(name)
    if kind is None or language not in DESK_LANGUAGES:
        raise Http404
    return kind


def _sample(request: HttpRequest, kind: str, language: str, words: Words) -> dict[str, Any]:
    """The words with a made-up customer in them, and what looks like a name in them and is none."""
    names = wording_kinds()[kind].names
    with translation.override(language):
        customer = Customer(name="Carla Cortez")
        ticket = Ticket(customer=customer, subject=_("The bell does not ring"), reference="7KQ2M9XWTR4HD")
        subject, said = sample(kind, words, ticket, by=viewer(request))
    unknown = [as_written(name) for name in names_in(f"{words.subject}\n{words.body}") if name not in names]
    return {
        "sample_subject": subject,
        "sample": said,
        "unknown": unknown,
        "names": [(as_written(name), label) for name, label in names.items()],
    }
