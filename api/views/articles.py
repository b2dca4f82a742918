"""Articles: pages that answer a question, which agents send as links."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from api.errors import refuse
from api.schema import READING, WRITING, operation
from api.serializers import ArticleChangeIn, ArticleFilters, ArticleIn, ArticleOut
from api.views.base import Door, body, each, found, one, page, query, viewer
from tickets import actions
from tickets.models import Article
from tickets.queries.articles import find_articles


class Articles(Door):
    @operation(
        "articles_list",
        "List articles",
        filters=ArticleFilters,
        answers={200: ArticleOut(many=True)},
        errors=READING,
        tag="desk",
    )
    def get(self, request: Request) -> Response:
        """Those that are offered; with `archived`, those that are put away."""
        wanted = query(request, ArticleFilters)
        rows = find_articles(wanted.get("q", ""), archived=wanted["archived"])
        return page(request, rows.order_by("id"), each(ArticleOut))

    @operation(
        "articles_create",
        "Keep an article",
        takes=ArticleIn,
        answers={201: ArticleOut},
        errors=WRITING,
        tag="desk",
    )
    def post(self, request: Request) -> Response:
        """Its address is kept once: another article with the same one is refused."""
        return one(ArticleOut, actions.create_article(by=viewer(request), **body(request, ArticleIn)), 201)


class OneArticle(Door):
    @operation("articles_read", "Read an article", answers={200: ArticleOut}, errors=[*READING, 404], tag="desk")
    def get(self, request: Request, pk: int) -> Response:
        return one(ArticleOut, found(_one(pk)))

    @operation(
        "articles_change",
        "Change an article, put it away, or bring it back",
        takes=ArticleChangeIn,
        answers={200: ArticleOut},
        errors=[*WRITING, 404],
        tag="desk",
    )
    def patch(self, request: Request, pk: int) -> Response:
        article = found(_one(pk))
        wanted = body(request, ArticleChangeIn)
        if not wanted:
            raise refuse(title="Say what to change.")
        archived = wanted.pop("archived", None)
        if wanted:
            known = {"title": article.title, "url": article.url, "summary": article.summary}
            article = actions.change_article(article, by=viewer(request), **(known | wanted))
        if archived is not None:
            move = actions.archive_article if archived else actions.restore_article
            article = move(article, by=viewer(request))
        return one(ArticleOut, article)


def _one(pk: int) -> QuerySet[Article]:
    return Article.objects.filter(pk=pk)
