"""The sign-in: allauth's, except that too many tries are answered 429 rather than 200."""

from __future__ import annotations

from allauth.account.forms import LoginForm
from allauth.account.views import LoginView
from django.http import HttpResponse

LOCK_SECONDS = 300  # as in settings.ACCOUNT_RATE_LIMITS


class SignIn(LoginView):
    def form_invalid(self, form: LoginForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        if form.has_error("__all__", "too_many_login_attempts"):
            response.status_code = 429
            response["Retry-After"] = str(LOCK_SECONDS)
        return response
