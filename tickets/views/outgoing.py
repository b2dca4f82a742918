"""What we begin ourselves: a new conversation with one or several people, or the note of a call."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import refusal, requires, viewer
from accounts.models import User
from customers.actions import create_guest, get_or_create_customer
from tickets import actions
from tickets.actions.addressing import MOST_CHARS, Person, read_people
from tickets.forms import new_client_id, problems_of
from tickets.forms.fields import is_key
from tickets.forms.outgoing import NewTicketForm
from tickets.macros import FIRST_WORDS_NAMES, VARIABLES
from tickets.models import Attachment, Channel, Message, Outreach, Ticket
from tickets.queries.addresses import suggest_people, troubles_of
from tickets.queries.fields import unfilled
from tickets.queries.outreach import newest_outreaches, progress_of_outreach
from tickets.views.acting import UNPROCESSABLE, after, see_other
from tickets.views.inbox import viewer_with_teams, wants_fragment


@requires("tickets.open")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a conversation. A script is told where it goes on, so that it lets go of the draft only then."""
    user = viewer_with_teams(request)
    form = NewTicketForm(request.POST or None, initial={"team": next(iter(user.teams.all()), None), "is_mine": True})
    if request.method == "POST" and form.is_valid():
        try:
            return _go_on(request, _begin(user, form.cleaned_data))
        except ValidationError as error:
            form.add_error(None, error)
    if form.errors and _is_asked_by_script(request):
        return refusal(UNPROCESSABLE, "invalid", problems_of(form))
    return render(request, "tickets/new.html", _page(form, user), status=UNPROCESSABLE if form.errors else 200)


def _page(form: NewTicketForm, user: User) -> dict[str, Any]:
    chosen = form["attachments"].value() or []
    return {
        "form": form,
        "fields": unfilled(form.values),
        "files": Attachment.objects.visible_to(user).filter(pk__in=chosen, message=None) if chosen else [],
        "outreaches": newest_outreaches(user),
        "names": [VARIABLES[name] for name in FIRST_WORDS_NAMES],
    }


def _begin(user: User, asked: dict[str, Any]) -> Ticket | Outreach:
    words = {name: asked[name] for name in ("subject", "body", "team", "is_mine", "fields", "attachments")}
    client_id = asked["client_id"] or new_client_id()
    if asked["channel"] == Channel.PHONE:
        return _note_call(user, asked, client_id)
    people: list[Person] = asked["to"]
    if len(people) == 1:
        return actions.write_first(people[0], by=user, client_id=client_id, **words)
    return actions.begin_outreach(people, by=user, client_id=client_id, **words)


def _note_call(user: User, asked: dict[str, Any], client_id: str) -> Ticket:
    """Of a call we write down what they told us; that is not something to tell them."""
    if asked["email"]:
        customer, _is_new = get_or_create_customer(by=user, email=asked["email"], name=asked["name"])
    else:
        customer = create_guest(name=asked["name"])
    words = {name: asked[name] for name in ("subject", "body", "team", "fields", "attachments")}
    form = Message.Format.MARKDOWN
    ticket = actions.open_ticket(
        customer,
        by=user,
        channel=Channel.PHONE,
        kind=Message.Kind.NOTE,
        client_id=client_id,
        format=form,
        **words,
    )
    is_free = asked["is_mine"] and ticket.assignee_id is None
    return actions.assign_ticket(ticket, by=user, user=user) if is_free else ticket


def _is_asked_by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _go_on(request: HttpRequest, begun: Ticket | Outreach) -> HttpResponse:
    place = reverse("tickets:outreach", args=[begun.pk]) if isinstance(begun, Outreach) else begun.get_absolute_url()
    if _is_asked_by_script(request):
        return JsonResponse({"url": place})
    return see_other(place) if isinstance(begun, Outreach) else after(request, begun)


@requires("tickets.open")
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> JsonResponse:
    """`{"people": [{name, email, company, trouble}], "wrong": […]}`: whom `?q=` may mean, or who is in a posted list
    (`to`); `trouble` says why somebody cannot be written to. `?company=` lists those of a company first."""
    if request.method == "POST":
        text = "\n".join(request.POST.getlist("to"))
        found, wrong = read_people(text)
        if len(text) > MOST_CHARS:
            return refusal(UNPROCESSABLE, "too_many", _("That is too long a list."))
        shown = [{"name": one.name, "email": one.email, "company": ""} for one in found]
    else:
        words, company = request.GET.get("q", "").strip()[:100], request.GET.get("company", "")
        first = int(company) if is_key(company) else None
        wrong, customers = [], suggest_people(words, by=viewer(request), first=first) if words else []
        shown = [
            {"name": one.name, "email": one.email or "", "company": one.company.name if one.company else ""}
            for one in customers
        ]
    troubles = troubles_of(one["email"] for one in shown)
    listed = [one | {"trouble": troubles.get(one["email"].lower(), "")} for one in shown]
    return JsonResponse({"people": listed, "wrong": wrong})


@requires("tickets.open")
@require_safe
def outreach(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it has come, person by person; the page asks for itself while it goes on."""
    mine = get_object_or_404(Outreach, pk=pk, user=viewer(request))
    template = "tickets/_outreach.html" if wants_fragment(request) else "tickets/outreach.html"
    return render(request, template, {"outreach": mine, "progress": progress_of_outreach(mine)})


@requires("tickets.open")
@require_POST
def stop_outreach(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to no more of them; what has not begun is taken back."""
    mine = get_object_or_404(Outreach, pk=pk, user=viewer(request))
    actions.stop_outreach(mine, by=viewer(request))
    if not wants_fragment(request):
        return see_other(reverse("tickets:outreach", args=[pk]))
    return render(request, "tickets/_outreach.html", {"outreach": mine, "progress": progress_of_outreach(mine)})
