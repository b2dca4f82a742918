"""People and teams, for who manages them."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actions
from accounts.access import requires, viewer
from accounts.forms import DeactivateForm, InvitationForm, RoleForm, TeamForm, TeamsForm, refuse
from accounts.models import Team, User
from accounts.roles import ROLE_CHOICES


@require_safe
@requires("accounts.manage_people")
def people(request: HttpRequest) -> HttpResponse:
    return _people_page(request, InvitationForm())


@require_POST
@requires("accounts.manage_people")
def invite(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            user = actions.invite_person(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": user.email})
            return redirect("accounts:people")
    return _people_page(request, form, status=422)


def _answer(request: HttpRequest, act: Callable[[], object], said: str, back: str = "accounts:people") -> HttpResponse:
    """Do it and say so, or say why not; then back to the list."""
    try:
        act()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
    return redirect(back)


def _people_page(request: HttpRequest, form: InvitationForm, status: int = 200) -> HttpResponse:
    everyone = User.objects.prefetch_related("teams").order_by("-is_active", "name")
    context = {"people": everyone, "invite_form": form, "roles": ROLE_CHOICES, "section": "people"}
    return render(request, "accounts/people.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_people")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person's teams."""
    user = get_object_or_404(User, pk=pk)
    form = TeamsForm(request.POST or None, initial={"teams": user.teams.all()})
    if request.method == "POST":
        form = TeamsForm(request.POST)
        if form.is_valid():
            actions.set_teams(user, by=viewer(request), teams=form.cleaned_data.get("teams", []))
            messages.success(request, _("Saved."))
            return redirect("accounts:people")
    context = {"person": user, "form": form, "section": "people"}
    return render(request, "accounts/person.html", context, status=422 if form.errors else 200)


@require_POST
@requires("accounts.manage_people")
def set_role(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such role."))
        return redirect("accounts:people")
    return _answer(request, lambda: actions.set_role(user, by=viewer(request), **form.cleaned_data), "Saved.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires("accounts.manage_people")
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask who goes on with their work, and switch them off."""
    user = get_object_or_404(User, pk=pk)
    form = DeactivateForm(request.POST if request.method == "POST" else None, person=user)
    if request.method == "POST" and form.is_valid():
        said = _("%(name)s is switched off and signed out everywhere.") % {"name": user.name}
        return _answer(request, lambda: actions.deactivate_person(user, by=viewer(request), **form.cleaned_data), said)
    counts = {name: count for name, count in actions.count_work(user).items() if count}
    context = {"person": user, "form": form, "counts": counts, "section": "people"}
    return render(request, "accounts/deactivate.html", context, status=422 if form.errors else 200)


@require_POST
@requires("accounts.manage_people")
def activate(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("%(name)s can sign in again.") % {"name": user.name}
    return _answer(request, lambda: actions.activate_person(user, by=viewer(request)), said)


@require_POST
@requires("accounts.manage_people")
def invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("A new invitation is on its way to %(email)s.") % {"email": user.email}
    return _answer(request, lambda: actions.invite_again(user, by=viewer(request)), said)


@require_POST
@requires("accounts.manage_people")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    said = _("The invitation is withdrawn.")
    return _answer(request, lambda: actions.withdraw_invitation(user, by=viewer(request)), said)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_people")
def teams(request: HttpRequest) -> HttpResponse:
    """All teams, and a new one."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = actions.create_team(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("%(team)s is a team now. Put people into it under People.")
            messages.success(request, said % {"team": team.name})
            return redirect("accounts:teams")
    context = {"teams": Team.objects.prefetch_related("members"), "form": form, "section": "teams"}
    return render(request, "accounts/teams.html", context, status=422 if form.errors else 200)


@require_POST
@requires("accounts.manage_people")
def rename_team(request: HttpRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    form = TeamForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("A team needs a name of at most 80 letters."))
        return redirect("accounts:teams")
    return _answer(
        request,
        lambda: actions.rename_team(team, by=viewer(request), **form.cleaned_data),
        _("Saved."),
        "accounts:teams",
    )
