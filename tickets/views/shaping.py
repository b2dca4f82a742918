"""Under Settings: the company's own fields and statuses, and its tags."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from tickets.actions import shaping
from tickets.forms.shaping import FieldForm, MergeTagForm, NamedStatusForm, RenameForm
from tickets.models import Field, NamedStatus, Status, Tag
from tickets.queries.tags import counted_tags, suggested_tags

STEPS = {"up": -1, "down": 1}
TAGS_ON_A_PAGE = 100
MAX_WORDS = 50
UNPROCESSABLE = 422


# --- Fields --------------------------------------------------------------------------------
@requires("tickets.shape")
@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    """All of them in their order, and those that are put away."""
    found = list(Field.objects.select_related("team"))
    context = {
        "fields": [field for field in found if field.archived_at is None],
        "archived": [field for field in found if field.archived_at is not None],
        "section": "fields",
    }
    return render(request, "tickets/fields.html", context)


@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def new_field(request: HttpRequest) -> HttpResponse:
    form = FieldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            field = shaping.create_field(by=viewer(request), options=form.lines, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("“%(name)s” is on the tickets now. Search for it with %(slug)s:")
            messages.success(request, said % {"name": field.name, "slug": field.slug})
            return redirect("shaping:fields")
    return _field_page(request, form)


@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def field(request: HttpRequest, pk: int) -> HttpResponse:
    """Change it, and the names and the order of its choices."""
    found = get_object_or_404(Field, pk=pk)
    form = FieldForm(
        request.POST if request.method == "POST" else None, field=found, is_filled=shaping.is_filled(found)
    )
    if request.method == "POST" and form.is_valid():
        try:
            shaping.change_field(found, by=viewer(request), options=form.names(), added=form.lines, **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            return _after_field(request, found)
    return _field_page(request, form, found)


def _after_field(request: HttpRequest, found: Field) -> HttpResponse:
    """What was typed is saved; a button at a choice has moved it, too, and then more will be."""
    key, _colon, to = request.POST.get("move", "").rpartition(":")
    if to in STEPS:
        shaping.move_option(found, by=viewer(request), key=key, step=STEPS[to])
        return redirect("shaping:field", found.pk)
    messages.success(request, _("Saved."))
    return redirect("shaping:fields")


@requires("tickets.shape")
@require_POST
def move_field(request: HttpRequest, pk: int) -> HttpResponse:
    shaping.move_field(get_object_or_404(Field, pk=pk), by=viewer(request), step=_step(request))
    return redirect("shaping:fields")


@requires("tickets.shape")
@require_POST
def archive_field(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it away, or bring it back (`do=restore`)."""
    found, is_archived = get_object_or_404(Field, pk=pk), request.POST.get("do") != "restore"
    shaping.archive_field(found, by=viewer(request), is_archived=is_archived)
    if is_archived:
        said = _("“%(name)s” is put away. What tickets hold in it stays.")
    else:
        said = _("“%(name)s” is back, with all that it held.")
    messages.success(request, said % {"name": found.name})
    return redirect("shaping:fields")


def _field_page(request: HttpRequest, form: FieldForm, found: Field | None = None) -> HttpResponse:
    context = {"form": form, "field": found, "section": "fields"}
    return render(request, "tickets/field.html", context, status=UNPROCESSABLE if form.errors else 200)


# --- Statuses ------------------------------------------------------------------------------
@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def statuses(request: HttpRequest) -> HttpResponse:
    """The four, with the company's own words within each; a POST adds one."""
    form = NamedStatusForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            shaping.create_status(by=viewer(request), **form.chosen())
        except ValidationError as error:
            refuse(form, error)
        else:
            return redirect("shaping:statuses")
    found = list(NamedStatus.objects.all())
    used = [one for one in found if one.archived_at is None]
    context = {
        "form": form,
        "groups": [(status, [one for one in used if one.status == status]) for status in Status],
        "archived": [one for one in found if one.archived_at is not None],
        "section": "statuses",
    }
    return render(request, "tickets/statuses.html", context, status=UNPROCESSABLE if form.errors else 200)


@requires("tickets.shape")
@require_POST
def change_status(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, move, put away or bring back one, as `do` says."""
    found, do, by = get_object_or_404(NamedStatus, pk=pk), request.POST.get("do", ""), viewer(request)
    form = RenameForm(request.POST)
    try:
        if do == "rename" and form.is_valid():
            shaping.rename_status(found, by=by, name=form.cleaned_data["name"])
        elif do in STEPS:
            shaping.move_status(found, by=by, step=STEPS[do])
        elif do in ("archive", "restore"):
            shaping.archive_status(found, by=by, is_archived=do == "archive")
        else:
            messages.error(request, _("Give it a name, 40 characters at most."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("shaping:statuses")


# --- Tags ----------------------------------------------------------------------------------
@requires("tickets.shape")
@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """All of them, or what `?q=` finds, with how many tickets have each."""
    words = request.GET.get("q", "").replace("\x00", "")[:MAX_WORDS].strip()
    page = Paginator(counted_tags(words), TAGS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "tickets/tags.html", {"page": page, "q": words, "section": "tags"})


@requires("tickets.shape")
@require_http_methods(["GET", "HEAD", "POST"])
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename one, merge it into another one, or delete it if no ticket has it, as `do` says."""
    found = get_object_or_404(counted_tags(), pk=pk)
    do = request.POST.get("do", "")
    form = RenameForm(request.POST if do == "rename" else None, initial={"name": found.name})
    merging = MergeTagForm(request.POST if do in ("ask", "merge") else None)
    if request.method == "POST":
        answer = _change_tag(request, found, do, form, merging)
        if answer is not None:
            return answer
    wrong = form.errors or merging.errors
    context = {"tag": found, "form": form, "merging": merging, "section": "tags"}
    context["into"] = merging.cleaned_data["into"] if merging.is_bound and not merging.errors else None
    return render(request, "tickets/tag.html", context, status=UNPROCESSABLE if wrong else 200)


def _change_tag(
    request: HttpRequest, found: Tag, do: str, form: RenameForm, merging: MergeTagForm
) -> HttpResponse | None:
    """Do it and go back to the list; None if there is something to say or to ask first."""
    by = viewer(request)
    try:
        if do == "rename" and form.is_valid():
            shaping.rename_tag(found, by=by, name=form.cleaned_data["name"])
            messages.success(request, _("Renamed, on all tickets that have it."))
        elif do in ("ask", "merge") and merging.is_valid() and merging.cleaned_data["into"].pk == found.pk:
            merging.add_error("into", _("A tag cannot be merged into itself."))
            return None
        elif do == "merge" and merging.is_valid():
            into = merging.cleaned_data["into"]
            _say_merged(request, found, into, shaping.merge_tags(found, by=by, into=into))
        elif do == "delete":
            shaping.delete_tag(found, by=by)
            messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
        else:
            return None
    except ValidationError as error:
        _say(request, do, form, merging, error)
        return None
    return redirect("shaping:tags")


def _say_merged(request: HttpRequest, old: Tag, new: Tag, count: int) -> None:
    said = ngettext(
        "“%(old)s” is “%(new)s” now, on %(count)s ticket.", "“%(old)s” is “%(new)s” now, on %(count)s tickets.", count
    )
    messages.success(request, said % {"old": old.name, "new": new.name, "count": count})


def _say(request: HttpRequest, do: str, form: RenameForm, merging: MergeTagForm, error: ValidationError) -> None:
    place: dict[str, forms.Form] = {"rename": form, "merge": merging}
    if do in place:
        place[do].add_error(None, error)
    else:
        messages.error(request, " ".join(error.messages))


@requires("tickets.view")
@require_safe
def tag_names(request: HttpRequest) -> HttpResponse:
    """Tags that begin like `?q=`, for whoever types one."""
    begun = " ".join(request.GET.get("q", "").replace("\x00", "")[:MAX_WORDS].split())
    return JsonResponse({"tags": suggested_tags(begun)})


def _step(request: HttpRequest) -> int:
    return STEPS.get(request.POST.get("to", ""), 0)
