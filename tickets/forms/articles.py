"""An article under Settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.actions.articles import SUMMARY_CHARS, TITLE_CHARS, URL_CHARS
from tickets.models import Article


class ArticleForm(forms.Form):
    """What it is called, where it is, and a line about it. Whether the address will do is the action's question."""

    title = forms.CharField(label=_("Title"), max_length=TITLE_CHARS)
    url = forms.CharField(
        label=_("Address"),
        max_length=URL_CHARS,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
        error_messages={"required": _("Give a whole address, with https://.")},
    )
    summary = forms.CharField(
        label=_("What it is about"),
        max_length=SUMMARY_CHARS,
        required=False,
        help_text=_("The words a customer would use: they find it, and have it suggested."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, article: Article | None = None, **kwargs: Any) -> None:
        if article is not None:
            kwargs["initial"] = {"title": article.title, "url": article.url, "summary": article.summary}
        super().__init__(*args, **kwargs)
