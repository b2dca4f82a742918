"""What the desk keeps for all tickets: teams, people, tags, macros, articles, causes, fields and statuses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Team, User
from api.serializers.base import Id, Out, Strict, Text
from tickets.models import Article, Field, Macro, NamedStatus, RootCause, Status, Tag


class TeamOut(Out):
    class Meta:
        model = Team
        fields = ["id", "name", "slug"]
        read_only_fields = fields


class UserOut(Out):
    teams = TeamOut(many=True, read_only=True)

    class Meta:
        model = User
        fields = ["id", "name", "email", "role", "availability", "teams"]
        read_only_fields = fields


class AssigneeOut(Out):
    class Meta:
        model = User
        fields = ["id", "name"]
        read_only_fields = fields


class TagOut(Out):
    class Meta:
        model = Tag
        fields = ["id", "name"]
        read_only_fields = fields


class MacroStepOut(serializers.Serializer[Any]):
    do = serializers.CharField(help_text="What kind of step it is, such as `assign` or `add_tags`.")
    value = serializers.CharField(help_text="As whom or what, as text.")


class MacroOut(Out):
    team = TeamOut(read_only=True, allow_null=True, help_text="Whose it is; null: yours alone, or everybody's.")
    is_private = serializers.BooleanField(read_only=True, help_text="Whether it is yours alone.")
    steps = MacroStepOut(many=True, read_only=True)

    class Meta:
        model = Macro
        fields = ["id", "name", "is_private", "team", "kind", "body", "steps", "used", "used_at"]
        read_only_fields = fields


class ArticleOut(Out):
    class Meta:
        model = Article
        fields = ["id", "title", "url", "summary", "used", "archived_at", "created_at"]
        read_only_fields = fields


class CauseOut(Out):
    class Meta:
        model = RootCause
        fields = ["slug", "name"]
        read_only_fields = fields


class NamedStatusOut(Out):
    status = serializers.ChoiceField(choices=Status.choices, read_only=True, help_text="Which of the four it is.")

    class Meta:
        model = NamedStatus
        fields = ["id", "name", "status"]
        read_only_fields = fields


class OptionOut(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="What tickets hold.")
    name = serializers.CharField()
    is_gone = serializers.BooleanField(default=False, help_text="No longer offered; tickets may still hold it.")


class FieldOut(Out):
    team = TeamOut(read_only=True, allow_null=True, help_text="On whose tickets it is; null: on every ticket.")
    options = OptionOut(many=True, read_only=True)

    class Meta:
        model = Field
        fields = ["id", "slug", "name", "kind", "options", "help", "team", "is_needed"]
        read_only_fields = fields
        extra_kwargs = {"slug": {"help_text": "Its name in a ticket's `fields` and in searches."}}


class MacroFilters(Strict):
    q = Text(required=False, max_length=100, help_text="Words in its name or its text.")


class MacroIn(Strict):
    macro = Id()
    client_id = Text(required=False, max_length=64, help_text="Your own id for this; makes it harmless to ask twice.")


class ArticleFilters(Strict):
    q = Text(required=False, max_length=100, help_text="Words in its title, its description or its address.")
    archived = serializers.BooleanField(default=False, help_text="Those that are put away.")


class ArticleIn(Strict):
    title = Text(max_length=200)
    url = Text(max_length=500, help_text="A whole address, http or https; kept once.")
    summary = Text(required=False, allow_blank=True, default="", max_length=500, help_text="A line about it.")


class ArticleChangeIn(Strict):
    title = Text(required=False, max_length=200)
    url = Text(required=False, max_length=500, help_text="A whole address, http or https; kept once.")
    summary = Text(required=False, allow_blank=True, max_length=500, help_text="A line about it.")
    archived = serializers.BooleanField(required=False, help_text="Put it away, or bring it back.")
