"""Articles: kept under Settings, and put as links into what one writes, which can be looked at before it leaves."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import requires, viewer
from accounts.forms import refuse
from tickets import actions
from tickets.formatting import link
from tickets.forms.articles import ArticleForm
from tickets.models import Article, Ticket
from tickets.queries.articles import find_articles, suggest_articles
from tickets.views.acting import UNPROCESSABLE

MOST = 50
MOST_LISTED = 500
MAX_WORDS = 100


@dataclass(frozen=True)
class Offered:
    """An article as it can be chosen: `words` are what is written then."""

    article: Article
    words: str


# --- Under Settings ----------------------------------------------------------------------
@requires("tickets.share")
@require_safe
def articles(request: HttpRequest) -> HttpResponse:
    """All that are offered, or what `?q=` finds; `?archived=1`: those that are put away."""
    words, is_archived = _words(request), request.GET.get("archived") == "1"
    found = list(find_articles(words, archived=is_archived)[: MOST_LISTED + 1])
    context = {"articles": found[:MOST_LISTED], "has_more": len(found) > MOST_LISTED, "most": MOST_LISTED}
    return render(
        request, "tickets/articles.html", context | {"q": words, "archived": is_archived, "section": "articles"}
    )


@requires("tickets.share")
@require_http_methods(["GET", "HEAD", "POST"])
def new_article(request: HttpRequest) -> HttpResponse:
    form = ArticleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            article = actions.create_article(by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            said = _("“%(title)s” is kept. Everybody can put it into what they write.")
            messages.success(request, said % {"title": article.title})
            return redirect("articles:list")
    return _form_page(request, form)


@requires("tickets.share")
@require_http_methods(["GET", "HEAD", "POST"])
def article(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one."""
    found = get_object_or_404(Article, pk=pk)
    form = ArticleForm(request.POST if request.method == "POST" else None, article=found)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_article(found, by=viewer(request), **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("articles:list")
    return _form_page(request, form, found)


@requires("tickets.share")
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put it away, or bring it back with `do=restore`."""
    found = get_object_or_404(Article, pk=pk)
    if request.POST.get("do") == "restore":
        actions.restore_article(found, by=viewer(request))
        messages.success(request, _("“%(title)s” is offered again.") % {"title": found.title})
    else:
        actions.archive_article(found, by=viewer(request))
        said = _("“%(title)s” is put away. Links that were sent go on working.")
        messages.success(request, said % {"title": found.title})
    return redirect("articles:list")


def _form_page(request: HttpRequest, form: ArticleForm, article: Article | None = None) -> HttpResponse:
    context = {"form": form, "article": article, "section": "articles"}
    return render(request, "tickets/article.html", context, status=UNPROCESSABLE if form.errors else 200)


# --- On a ticket -------------------------------------------------------------------------
@requires("tickets.reply")
@require_safe
def choices(request: HttpRequest, number: int) -> HttpResponse:
    """What `?q=` finds, as the options of a list; without words, first those that may answer the customer."""
    ticket = get_object_or_404(Ticket.objects.visible_to(viewer(request)), pk=number)
    words = _words(request)
    suggested = [] if words else suggest_articles(ticket)
    others = [one for one in find_articles(words)[:MOST] if one not in suggested]
    context = {"suggested": list(map(_offered, suggested)), "others": list(map(_offered, others)), "q": words}
    return render(request, "tickets/_article_options.html", context)


@requires("tickets.reply")
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """How what is written in the composer will look; nothing is kept."""
    body = request.POST.get("body", "").replace("\x00", "")[: settings.MESSAGE_MAX_CHARS]
    return render(request, "tickets/_words_preview.html", {"body": body})


def _offered(article: Article) -> Offered:
    return Offered(article, link(article.title, article.url))


def _words(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "")[:MAX_WORDS].strip()
