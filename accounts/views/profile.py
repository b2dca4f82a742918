"""One's own settings: name, time zone, availability, keys for programs."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import actions
from accounts.access import own_path, requires, viewer
from accounts.forms import PictureForm, ProfileForm, TokenForm, refuse
from accounts.models import ApiToken, User
from accounts.pictures import file_of


@require_http_methods(["GET", "POST"])
@requires()
def profile(request: HttpRequest) -> HttpResponse:
    user = viewer(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        chosen = dict(form.cleaned_data)
        try:
            actions.set_availability(user, by=user, availability=chosen.pop("availability"))
            actions.update_profile(user, by=user, **chosen)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:profile")
    return _page(request, form=form, token_form=TokenForm(), status=422 if form.errors else 200)


@require_POST
@requires()
def set_picture(request: HttpRequest) -> HttpResponse:
    """Show customers a picture instead of initials: to have one here is the choice."""
    user = viewer(request)
    form = PictureForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            actions.set_picture(user, by=user, content=form.cleaned_data["picture"].read())
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("That is how customers see you."))
            return redirect("accounts:profile")
    return _page(request, form=ProfileForm(instance=user), token_form=TokenForm(), picture_form=form, status=422)


@require_POST
@requires()
def remove_picture(request: HttpRequest) -> HttpResponse:
    actions.remove_picture(viewer(request), by=viewer(request))
    messages.success(request, _("The picture is gone. Customers see your initials."))
    return redirect("accounts:profile")


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def picture(request: HttpRequest, picture: uuid.UUID) -> FileResponse:
    """Somebody's picture, for anybody who was told its random key: guests see it beside answers."""
    if not User.objects.filter(picture_key=picture).exists():
        raise Http404
    try:
        content = default_storage.open(file_of(picture))
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, content_type="image/webp")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"  # the chat's panel is of our origin
    return response


@require_POST
@requires()
def set_availability(request: HttpRequest) -> HttpResponse:
    """Take chats or be away, from wherever the switch is."""
    user = viewer(request)
    try:
        actions.set_availability(user, by=user, availability=request.POST.get("availability", ""))
    except ValidationError as error:
        return HttpResponse(error.messages[0], status=422, content_type="text/plain")
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    return redirect(own_path(request, request.headers.get("Referer")) or "accounts:profile")


@never_cache
@require_POST
@requires()
def create_token(request: HttpRequest) -> HttpResponse:
    """Make a key and show it, in this one answer and never again."""
    user = viewer(request)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            _token, raw = actions.create_token(user, by=user, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _page(request, form=ProfileForm(instance=user), token_form=TokenForm(), new_token=raw)
    return _page(request, form=ProfileForm(instance=user), token_form=form, status=422)


@require_POST
@requires()
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk, user=viewer(request))
    actions.revoke_token(token, by=viewer(request))
    messages.success(request, _("%(name)s does not work any more.") % {"name": token.name})
    return redirect("accounts:profile")


def _page(
    request: HttpRequest,
    *,
    form: ProfileForm,
    token_form: TokenForm,
    picture_form: PictureForm | None = None,
    new_token: str = "",
    status: int = 200,
) -> HttpResponse:
    tokens = viewer(request).api_tokens.filter(revoked_at=None)
    context = {
        "form": form,
        "picture_form": picture_form or PictureForm(),
        "token_form": token_form,
        "tokens": tokens,
        "new_token": new_token,
        "section": "profile",
    }
    return render(request, "accounts/profile.html", context, status=status)
