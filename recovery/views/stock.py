"""Under Settings: what the company gives, the codes it has, and the shop that pays out."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Desk
from recovery.actions import shopping, stocking
from recovery.forms.stock import CodesForm, HookForm, PoolForm, RemedyForm
from recovery.models import Hook, Kind, Pool, Remedy
from recovery.queries.stock import pools_in_stock, troubled_payouts

UNPROCESSABLE = 422
SECTION = {"section": "remedies"}


# --- Remedies ----------------------------------------------------------------------------
@requires("recovery.manage")
@require_safe
def remedies(request: HttpRequest) -> HttpResponse:
    """All that the company gives, in the order of suggestion; `?archived=1`: what it gives no more."""
    is_archived = request.GET.get("archived") == "1"
    found = Remedy.objects.filter(archived_at__isnull=not is_archived).select_related("pool")
    context = {"remedies": found, "archived": is_archived, "kinds": dict(Kind.choices)}
    return render(request, "recovery/remedies.html", context | SECTION)


@requires("recovery.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def remedy(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Add one, or change one."""
    found = get_object_or_404(Remedy, pk=pk) if pk else None
    form = RemedyForm(request.POST if request.method == "POST" else None, remedy=found)
    if request.method == "POST" and form.is_valid():
        try:
            if found is None:
                stocking.create_remedy(by=viewer(request), **form.cleaned_data)
            else:
                stocking.change_remedy(found, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("recovery:remedies")
    context = {"form": form, "remedy": found}
    return render(request, "recovery/remedy.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


@requires("recovery.manage")
@require_POST
def arrange_remedy(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: up, down, archive or restore."""
    found, do = get_object_or_404(Remedy, pk=pk), request.POST.get("do")
    if do in ("up", "down"):
        stocking.move_remedy(found, by=viewer(request), up=do == "up")
    elif do in ("archive", "restore"):
        stocking.archive_remedy(found, by=viewer(request), is_back=do == "restore")
    return redirect("recovery:remedies")


# --- Codes -------------------------------------------------------------------------------
@requires("recovery.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def pools(request: HttpRequest) -> HttpResponse:
    """The stocks of codes, and a form for another one."""
    form = PoolForm(request.POST if request.method == "POST" else None, initial={"currency": Desk.current().currency})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data | {"expires_at": _midnight(form.cleaned_data["expires_at"])}
        try:
            made = stocking.create_pool(by=viewer(request), **said)
        except ValidationError as error:
            refuse(form, error)
        else:
            return redirect("recovery:pool", made.pk)
    is_archived = request.GET.get("archived") == "1"
    context = {"form": form, "pools": pools_in_stock(archived=is_archived), "archived": is_archived}
    return render(request, "recovery/pools.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


@requires("recovery.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def pool(request: HttpRequest, pk: int) -> HttpResponse:
    """One stock: take codes in, put it away (`do=archive`, `restore`), or cancel what is left of it (`do=withdraw`)."""
    found, do = get_object_or_404(Pool, pk=pk), request.POST.get("do", "")
    form = CodesForm(request.POST if do == "import" else None, request.FILES if do == "import" else None)
    if do == "withdraw":
        count = stocking.withdraw_codes(found, by=viewer(request))
        said = ngettext("%(count)s code is not given any more.", "%(count)s codes are not given any more.", count)
        messages.success(request, said % {"count": count})
        return redirect("recovery:pool", pk)
    if do in ("archive", "restore"):
        stocking.archive_pool(found, by=viewer(request), is_back=do == "restore")
        return redirect("recovery:pools")
    if do == "import" and form.is_valid():
        try:
            _tell(request, stocking.import_codes(found, by=viewer(request), text=form.cleaned_data["codes"]))
        except ValidationError as error:
            refuse(form, error)
        else:
            return redirect("recovery:pool", pk)
    counted = pools_in_stock(archived=found.archived_at is not None).get(pk=pk)
    context = {"form": form, "pool": counted}
    return render(request, "recovery/pool.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)


def _tell(request: HttpRequest, imported: stocking.Imported) -> None:
    added, known = imported.added, imported.known
    said = ngettext("%(count)s code is in stock now.", "%(count)s codes are in stock now.", added) % {"count": added}
    if known:
        said += " " + ngettext("%(count)s was known.", "%(count)s were known.", known) % {"count": known}
    messages.success(request, said)
    if imported.bad:
        messages.warning(request, _("These are no codes: %(codes)s") % {"codes": ", ".join(imported.bad)})


def _midnight(day: date | None) -> datetime | None:
    """When this day begins, here."""
    return datetime.combine(day, time(0), ZoneInfo(Desk.current().time_zone)) if day else None


# --- The shop ----------------------------------------------------------------------------
@requires("recovery.manage")
@require_http_methods(["GET", "HEAD", "POST"])
def shop(request: HttpRequest) -> HttpResponse:
    """Where orders go; `do=secret`: a new secret, shown once; `do=try`: an order of nothing."""
    hook, do = Hook.objects.order_by("pk").first(), request.POST.get("do", "")
    secret = ""
    form = HookForm(request.POST if do == "save" else None, hook=hook)
    if do == "save" and form.is_valid():
        try:
            made = shopping.set_hook(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            secret = made.secret if hook is None else ""
            hook, form = made, HookForm(hook=made)
            messages.success(request, _("Saved."))
    elif do == "secret" and hook is not None:
        hook = shopping.renew_hook_secret(hook, by=viewer(request))
        secret = hook.secret
    elif do == "try" and hook is not None:
        messages.info(request, shopping.try_hook(hook, by=viewer(request)))
    context = {"form": form, "hook": hook, "secret": secret, "troubled": list(troubled_payouts()[:50])}
    return render(request, "recovery/shop.html", context | SECTION, status=UNPROCESSABLE if form.errors else 200)
