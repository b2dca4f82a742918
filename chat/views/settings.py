"""What administrators set for the chat of a site: what it offers, what it says first, who is believed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from accounts.models import Site
from chat import actions
from chat.actions.identifying import rotate_secret
from chat.actions.setting_up import MAX_ACTIVE
from chat.forms import OffersForm, PrivacyForm, ProactiveForm, RotateForm
from chat.models import ProactiveMessage, WidgetSettings
from chat.views.page import loader_attributes


@require_safe
@requires("accounts.manage_sites")
def snippet(request: HttpRequest, pk: int) -> HttpResponse:
    """The line to paste, as a fragment: it changes with the settings."""
    site = get_object_or_404(Site, pk=pk)
    context = {"address": f"{settings.SITE_URL}/widget/embed.js", "attributes": loader_attributes(site)}
    return render(request, "chat/_snippet.html", context)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def offers(request: HttpRequest, pk: int) -> HttpResponse:
    """What customers can do in the chat and what they are told."""
    site = get_object_or_404(Site, pk=pk)
    form = OffersForm(_sent(request), instance=WidgetSettings.of(site))
    if request.method == "POST" and form.is_valid():
        actions.change_widget(site, by=viewer(request), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("sites:offers", pk)
    return _page(request, site, "offers", form=form)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def identity(request: HttpRequest, pk: int) -> HttpResponse:
    """What is kept of visitors; and the secret, which is not on this page until it is asked for."""
    site = get_object_or_404(Site, pk=pk)
    form = PrivacyForm(_sent(request), instance=WidgetSettings.of(site))
    if request.method == "POST" and form.is_valid():
        actions.change_widget(site, by=viewer(request), **form.cleaned_data)
        messages.success(request, _("Saved. If the line on your pages has changed, paste it anew."))
        return redirect("sites:identity", pk)
    return _identity_page(request, site, form=form)


@never_cache
@require_POST
@requires("accounts.manage_sites")
def show_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """The page with the secret on it, in this one answer."""
    site = get_object_or_404(Site, pk=pk)
    return _identity_page(request, site, secret=actions.reveal_secret(site, by=viewer(request)))


@never_cache
@require_POST
@requires("accounts.manage_sites")
def new_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Replace the secret, for somebody who has typed which website's."""
    site = get_object_or_404(Site, pk=pk)
    form = RotateForm(request.POST, site=site)
    if not form.is_valid():
        return _identity_page(request, site, rotate_form=form)
    widget = rotate_secret(site, by=viewer(request))
    return _identity_page(request, site, secret=widget.secret, is_new=True)


@require_safe
@requires("accounts.manage_sites")
def proactive(request: HttpRequest, pk: int) -> HttpResponse:
    """What the chat says first."""
    site = get_object_or_404(Site, pk=pk)
    return _page(request, site, "proactive", found=list(site.proactive_messages.all()), most=MAX_ACTIVE)


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def new_proactive(request: HttpRequest, pk: int) -> HttpResponse:
    site = get_object_or_404(Site, pk=pk)
    form = ProactiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.create_proactive_message(site, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved. If this is the first one, paste the line on your pages anew."))
            return redirect("sites:proactive", pk)
    return _page(request, site, "proactive_message", form=form, bubble={"text": form["text"].value() or ""})


@require_http_methods(["GET", "POST"])
@requires("accounts.manage_sites")
def proactive_message(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    message = _message(pk, message_pk)
    form = ProactiveForm(request.POST or None, message=message)
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_proactive_message(message, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            _refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("sites:proactive", pk)
    bubble = {"text": form["text"].value() or ""}
    return _page(request, message.site, "proactive_message", form=form, message=message, bubble=bubble)


@require_POST
@requires("accounts.manage_sites")
def switch_proactive(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """On or off."""
    message = _message(pk, message_pk)
    try:
        actions.update_proactive_message(message, by=viewer(request), is_active=request.POST.get("is_active") == "on")
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect("sites:proactive", pk)


@require_POST
@requires("accounts.manage_sites")
def delete_proactive(request: HttpRequest, pk: int, message_pk: int) -> HttpResponse:
    """For good: the page asks before it sends this."""
    message = _message(pk, message_pk)
    actions.delete_proactive_message(message, by=viewer(request))
    messages.success(request, _("“%(name)s” is deleted.") % {"name": message.name})
    return redirect("sites:proactive", pk)


def _sent(request: HttpRequest) -> QueryDict | None:
    """What was sent, even if that is nothing: no box is ticked."""
    return request.POST if request.method == "POST" else None


def _message(site_pk: int, pk: int) -> ProactiveMessage:
    return get_object_or_404(ProactiveMessage.objects.select_related("site"), pk=pk, site=site_pk)


def _refuse(form: ProactiveForm, error: ValidationError) -> None:
    """Show what the action refused; what it says of the conditions stands at the first of them."""
    by_field = dict(error.message_dict) if hasattr(error, "error_dict") else {}
    if "conditions" in by_field:
        by_field["condition_0_name"] = by_field.pop("conditions")
    refuse(form, ValidationError(by_field) if by_field else error)


def _identity_page(
    request: HttpRequest,
    site: Site,
    form: forms.ModelForm | None = None,
    rotate_form: RotateForm | None = None,
    **more: Any,
) -> HttpResponse:
    form = form or PrivacyForm(instance=WidgetSettings.of(site))
    rotate_form = rotate_form or RotateForm(site=site)
    return _page(request, site, "identity", form=form, rotate_form=rotate_form, **more)


def _page(request: HttpRequest, site: Site, name: str, **more: Any) -> HttpResponse:
    place = "proactive" if name == "proactive_message" else name
    context = {"site": site, "sites": Site.objects.all(), "section": "sites", "place": place, **more}
    is_wrong = any(getattr(more.get(form), "errors", None) for form in ("form", "rotate_form"))
    return render(request, f"chat/{name}.html", context, status=422 if is_wrong else 200)
