"""Every address of the desk, app by app. `/healthz` is answered earlier, by `helpdesk.middleware.alive`."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from accounts.urls import sign_in_patterns
from chat.urls import desk_patterns, site_patterns
from helpdesk import views
from helpdesk.styleguide import styleguide
from outbox.urls import reader_patterns
from tickets.urls import (
    article_patterns,
    cause_patterns,
    customer_patterns,
    macro_patterns,
    promise_patterns,
    shape_patterns,
)

handler400 = "helpdesk.views.bad_request"
handler403 = "helpdesk.views.forbidden"
handler404 = "helpdesk.views.not_found"
handler429 = "helpdesk.views.too_many"
handler500 = "helpdesk.views.broken"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("readyz", views.readyz, name="readyz"),
    path("words/<slug:language>.js", views.Words.as_view(), name="words"),
    path("metrics", views.metrics, name="metrics"),
    path("accounts/", include(sign_in_patterns)),
    path("", include("accounts.urls")),
    path("", include("tickets.urls")),
    path("customers/", include(customer_patterns)),
    path("root-causes/", include(cause_patterns)),
    path("settings/macros/", include(macro_patterns)),
    path("settings/articles/", include(article_patterns)),
    path("settings/promises/", include(promise_patterns)),
    path("settings/", include(shape_patterns)),
    path("dashboard/", include("reports.urls")),
    path("", include(reader_patterns)),
    path("", include("recovery.urls")),
    path("widget/", include("chat.urls")),
    path("", include(desk_patterns)),
    path("settings/sites/", include(site_patterns)),
    path("", include("mailroom.urls")),
    path("api/v1/", include("api.urls")),
]

if settings.DEBUG:  # development's letter box and the pattern book
    urlpatterns += [
        path("mail/", include("outbox.urls")),
        path("styleguide/", styleguide, name="styleguide"),
    ]
