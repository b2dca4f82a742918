"""What goes out and what may come in. These validate and describe; they never save."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Team, User
from customers.models import Address, Company, Customer
from tickets.actions.addressing import MOST_PEOPLE
from tickets.actions.forwarding import MOST_MESSAGES, MOST_TO
from tickets.models import (
    Article,
    Channel,
    ChecklistItem,
    Copied,
    Field,
    Macro,
    Message,
    NamedStatus,
    Notification,
    Outreach,
    OutreachRow,
    Priority,
    RootCause,
    Status,
    Tag,
    Ticket,
)
from tickets.models.relating import SIDES
from tickets.queries.notifications import said
from tickets.serializers import iso
from tickets.when import MAX_CHARS

MAX_ID = 2**63 - 1
MAX_TAGS = 20
MAX_FILES = 10
LINK_KINDS = ["related", "parent", "child", "duplicate"]
UNSOLVED_CHOICES = [choice for choice in Status.choices if choice[0] != Status.SOLVED]


# --- Fields ------------------------------------------------------------------------------
class Text(serializers.CharField):
    """A JSON string and nothing else; NUL and lone surrogates are refused."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            self.fail("invalid")
        return super().run_validation(data)


class Time(serializers.DateTimeField):
    """A moment in UTC, ISO 8601 with Z; what comes in without a zone is taken as UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"default_timezone": UTC} | options))

    def to_representation(self, value: datetime) -> str:
        return iso(value)


class Id(serializers.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(**({"min_value": 1, "max_value": MAX_ID} | options))


class IdOr(Id):
    # An id in a filter, or one of these words.
    words: tuple[str, ...] = ()

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return data if data in self.words else super().run_validation(data)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["none"]}]})
class TeamOrNone(IdOr):
    words = ("none",)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["me", "none"]}]})
class PersonOrNone(IdOr):
    words = ("me", "none")


class FileId(serializers.UUIDField):
    def to_internal_value(self, data: Any) -> UUID:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


def tag_list(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=Text(max_length=50), max_length=MAX_TAGS, **options)


class Strict(serializers.Serializer[Any]):
    # Refuses what it does not know: a misspelt field must not be lost in silence, a foreign one not be set.
    # (No docstring: the schema would show it for every body.)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(dict.fromkeys(unknown, ["There is no such field here."]))
        return super().to_internal_value(data)


# --- Going out ---------------------------------------------------------------------------
class Out(serializers.ModelSerializer[Any]):
    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        **{field: Time for field, kind in serializers.ModelSerializer.serializer_field_mapping.items()
           if kind is serializers.DateTimeField},
    }  # fmt: skip


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


class NotificationOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, help_text="Its number.")
    subject = serializers.CharField(source="ticket.subject", read_only=True)
    seq = serializers.IntegerField(source="event.seq", read_only=True, help_text="Of the event on the ticket.")
    said = serializers.SerializerMethodField(help_text="What happened, in words; never what somebody wrote.")

    class Meta:
        model = Notification
        fields = ["id", "kind", "ticket", "subject", "seq", "said", "created_at", "read_at"]
        read_only_fields = fields

    def get_said(self, row: Notification) -> str:
        return said(row)


class ReadOut(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="How many were unread until now.")


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


class CompanyOut(Out):
    class Meta:
        model = Company
        fields = ["id", "name", "domain", "created_at"]
        read_only_fields = fields


class CompanyOfOut(Out):
    class Meta:
        model = Company
        fields = ["id", "name"]
        read_only_fields = fields


class AddressOut(Out):
    class Meta:
        model = Address
        fields = ["email", "proof"]
        read_only_fields = fields


class CustomerOfOut(Out):
    email = serializers.EmailField(read_only=True, allow_null=True, help_text="The best address, if there is one.")

    class Meta:
        model = Customer
        fields = ["id", "name", "email"]
        read_only_fields = fields


class CustomerOut(Out):
    email = serializers.EmailField(read_only=True, allow_null=True, help_text="The best address, if there is one.")
    addresses = AddressOut(many=True, read_only=True)
    company = CompanyOfOut(read_only=True, allow_null=True)

    class Meta:
        model = Customer
        fields = [
            "id",
            "name",
            "email",
            "addresses",
            "company",
            "locale",
            "time_zone",
            "note",
            "is_blocked",
            "created_at",
        ]
        read_only_fields = fields


class TicketOut(Out):
    priority = serializers.IntegerField(
        read_only=True, min_value=1, max_value=4, help_text="1 low, 2 normal, 3 high, 4 urgent."
    )
    customer = CustomerOfOut(read_only=True)
    team = TeamOut(read_only=True, allow_null=True)
    assignee = AssigneeOut(read_only=True, allow_null=True)
    root_cause = CauseOut(read_only=True, allow_null=True, help_text="Chosen when it was solved.")
    tags = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)  # type: ignore[var-annotated]
    named_status = NamedStatusOut(
        read_only=True, allow_null=True, help_text="The company's own word for its status, if it has one."
    )

    class Meta:
        model = Ticket
        fields = [
            "number",
            "reference",
            "subject",
            "status",
            "named_status",
            "priority",
            "channel",
            "customer",
            "team",
            "assignee",
            "tags",
            "root_cause",
            "fields",
            "merged_into",
            "preview",
            "last_seq",
            "waiting_since",
            "answer_due_at",
            "first_answered_at",
            "solved_at",
            "snoozed_at",
            "snoozed_until",
            "trashed_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields
        extra_kwargs = {
            "fields": {"help_text": "What the company's own fields hold, by slug; see `fields/`."},
            "last_seq": {"help_text": "The seq of the ticket's newest event."},
            "merged_into": {"help_text": "The number of the ticket that goes on for this one."},
        }


class LinkedTicketOut(Out):
    class Meta:
        model = Ticket
        fields = ["number", "reference", "subject", "status", "trashed_at"]
        read_only_fields = fields


class LinkOut(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    kind = serializers.ChoiceField(
        source="side", choices=list(SIDES), help_text="What this ticket is to the other: `parent`: it is part of it."
    )
    ticket = LinkedTicketOut(allow_null=True, help_text="The other one; null if you may not see it.")


class LinksOut(serializers.Serializer[Any]):
    links = LinkOut(source="all", many=True)


class ChecklistItemOut(Out):
    is_done = serializers.BooleanField(read_only=True)
    done_by = AssigneeOut(read_only=True, allow_null=True, help_text="Who ticked it.")

    class Meta:
        model = ChecklistItem
        fields = ["id", "text", "is_done", "done_at", "done_by"]
        read_only_fields = fields


class ChecklistOut(serializers.Serializer[Any]):
    items = ChecklistItemOut(many=True)
    done = serializers.IntegerField(help_text="How many of them are ticked off.")


# The next ones describe what tickets/serializers.py makes, for the schema; tests hold the two together.
class AuthorOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["agent", "customer", "system"])
    name = serializers.CharField()
    initials = serializers.CharField()
    picture = serializers.CharField(allow_null=True, help_text="The path of the picture, or null.")
    you = serializers.BooleanField(help_text="Whether it was the token's owner.")


class ImageOut(serializers.Serializer[Any]):
    width = serializers.IntegerField(help_text="Pixels.")
    height = serializers.IntegerField(help_text="Pixels.")


class FileOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    type = serializers.CharField()
    image = ImageOut(
        allow_null=True,
        help_text="Of a picture that was made anew here: only its pixels are left, it may be shown where it stands.",
    )
    removed_at = Time(allow_null=True, help_text="When what it held was deleted.")


class MessageOut(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Message.Kind.choices)
    body = serializers.CharField(help_text="As it was written.")
    format = serializers.ChoiceField(choices=Message.Format.choices, help_text="How the body is meant.")
    html = serializers.CharField(required=False, help_text="The body as safe HTML; only where it is Markdown.")
    client_id = serializers.CharField(allow_null=True, help_text="The id its sender gave it.")
    created_at = Time()
    edited_at = Time(allow_null=True, help_text="When its author changed it; notes only.")
    redacted_at = Time(allow_null=True, help_text="When a part of it was blacked out, for good.")
    attachments = FileOut(many=True)


class AuthoredMessageOut(MessageOut):
    by = AuthorOut()


class EventOut(serializers.Serializer[Any]):
    seq = serializers.IntegerField(help_text="1, 2, 3 … within the ticket, without a gap.")
    prev = serializers.IntegerField(help_text="The seq of the event before it; 0 for the first.")
    type = serializers.CharField(help_text="What happened, such as `message.posted` or `ticket.resolved`.")
    at = Time()
    by = AuthorOut()
    data = serializers.DictField(  # type: ignore[assignment]  # (a name that serializers use too)
        help_text="What else there is to say; depends on the type."
    )
    message = MessageOut(required=False, help_text="Where the event is about one.")


class ErrorBody(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs: `invalid`, `not_found`, `conflict`, …")
    detail = serializers.CharField(help_text="For people.")
    # `fields` is also the name of a property that serializers have, so it is put in place below.

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        words = serializers.ListField(child=serializers.CharField())
        found = serializers.DictField(child=words, help_text="Complaints by field, `customer.email` for nested ones.")
        return {**super().get_fields(), "fields": found}


class ErrorOut(serializers.Serializer[Any]):
    error = ErrorBody()


# --- Coming in ---------------------------------------------------------------------------
class TicketFilters(Strict):
    number = Id(required=False)
    reference = Text(required=False, max_length=20)
    status = serializers.ChoiceField(choices=Status.choices, required=False)
    team = TeamOrNone(required=False, help_text="A team's id, or `none`.")
    assignee = PersonOrNone(required=False, help_text="A person's id, `me` or `none`.")
    customer = Id(required=False)
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)
    tag = Text(required=False, max_length=50, help_text="A tag's name, whatever its case.")
    updated_after = Time(
        required=False,
        help_text="Changed since then. Turns the order round: the longest unchanged first, for keeping a copy.",
    )
    q = Text(
        required=False, max_length=200, help_text="Words and filters as in the search box: `tyre is:open from:carla`."
    )
    view = Text(
        required=False,
        max_length=100,
        help_text="A place of the inbox: `mine`, `waiting`, `trash`, `team-<slug>`, …, or a saved view: `saved-<id>`.",
    )

    def validate_reference(self, value: str) -> str:
        return value.lower()


class CustomerFilters(Strict):
    q = Text(required=False, max_length=200, help_text="Part of a name or an address.")
    email = Text(required=False, max_length=254, help_text="Exactly this address, whatever its case.")
    company = Id(required=False)


class NoFilters(Strict):
    pass


class EventFilters(Strict):
    after = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=MAX_ID, help_text="Only what came after this seq."
    )


class WhoIn(Strict):
    """By `email`, made if there is none such yet, or by the `id` of one you may see."""

    id = Id(required=False)
    email = serializers.EmailField(required=False, max_length=254)
    name = Text(required=False, allow_blank=True, max_length=160, help_text="For someone new.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("id" in attrs) == ("email" in attrs):
            raise serializers.ValidationError("Give either id or email.")
        return attrs


class TicketIn(Strict):
    customer = WhoIn()
    subject = Text(max_length=200)
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="The customer's words, in plain text.")
    channel = serializers.ChoiceField(choices=Channel.choices, default=Channel.API)
    team = Id(required=False, allow_null=True, help_text="A team's id.")
    priority = serializers.ChoiceField(choices=Priority.choices, default=Priority.NORMAL)
    tags = tag_list(required=False)


class TicketChangeIn(Strict):
    status = serializers.ChoiceField(
        choices=UNSOLVED_CHOICES,
        required=False,
        help_text="Solving and reopening are `resolve/` and `reopen/`.",
    )
    priority = serializers.ChoiceField(choices=Priority.choices, required=False)
    tags = tag_list(required=False, help_text="All of them: what is missing here is taken off.")
    team = Id(required=False, allow_null=True, help_text="A team's id, or null for none.")
    assignee = Id(required=False, allow_null=True, help_text="A person's id, or null for nobody.")
    named_status = Id(
        required=False,
        allow_null=True,
        help_text="The id of one of `statuses/`, which brings its status with it; null for none.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        said = "Of the company's own fields those that change, by slug: text, a number, true, false, a list, or null."
        return {**super().get_fields(), "fields": FieldsIn(required=False, help_text=said)}


class FieldsIn(serializers.DictField):
    """What to put into fields, by slug; which values are right is the field's question."""

    child = serializers.JSONField(allow_null=True)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, dict) and len(data) > 100:
            raise serializers.ValidationError("That is too many.")
        return super().run_validation(data)


class MessageIn(Strict):
    body = Text(max_length=settings.MESSAGE_MAX_CHARS)
    kind = serializers.ChoiceField(
        choices=Message.Kind.choices, default=Message.Kind.REPLY, help_text="A note is seen by the team only."
    )
    format = serializers.ChoiceField(
        choices=Message.Format.choices, default=Message.Format.PLAIN,
        help_text="How the body is meant: as it is typed, or as Markdown (emphasis, lists, quotes, code, links).",
    )  # fmt: skip
    client_id = Text(
        required=False, allow_blank=True, default="", max_length=64,
        help_text="Your own id for it. Sent again with the same words, the first message is answered.",
    )  # fmt: skip

    attachments = serializers.ListField(
        child=FileId(),
        required=False,
        max_length=MAX_FILES,
        help_text="Ids of files that you uploaded and have not sent.",
    )
    is_copied = serializers.BooleanField(
        default=True, help_text="False: only the customer gets it, whoever else gets copies on this ticket."
    )


class AssignIn(Strict):
    user = Id(required=False, allow_null=True, help_text="A person's id, or null for nobody.")
    team = Id(required=False, allow_null=True, help_text="A team's id, or null for none.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give user, team or both.")
        return attrs


class ResolveIn(Strict):
    root_cause = Text(max_length=120, help_text="The slug of a root cause, or `none`, as an explicit choice.")
    note = Text(required=False, allow_blank=True, default="", max_length=2000, help_text="For the team.")
    named_status = Id(required=False, allow_null=True, help_text="The id of one of `statuses/` that is solved.")


class MergeIn(Strict):
    into = Id(help_text="The number of the ticket that goes on.")


class LinkIn(Strict):
    other = Id(help_text="The number of the other ticket.")
    kind = serializers.ChoiceField(
        choices=LINK_KINDS, help_text="`parent`: this ticket is part of the other one; `child`: the other way round."
    )


class SplitIn(Strict):
    message = Id(help_text="The id of a message on this ticket.")
    subject = Text(max_length=200, help_text="What the new ticket is about.")
    team = Id(required=False, allow_null=True, help_text="A team's id; without one, this ticket's team.")


class ChecklistIn(Strict):
    text = Text(max_length=11_000, help_text="One thing to do in each line.")


class ChecklistItemChangeIn(Strict):
    text = Text(required=False, max_length=200)
    is_done = serializers.BooleanField(required=False)
    move = serializers.IntegerField(
        required=False, min_value=-50, max_value=50, help_text="So many places down, or up if negative."
    )


class NoteChangeIn(Strict):
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="What it says from now on.")
    changed_at = Time(
        required=False, allow_null=True, help_text="The later of its `edited_at` and `redacted_at` as you have seen it."
    )


class RedactIn(Strict):
    passages = serializers.ListField(
        child=Text(max_length=settings.MESSAGE_MAX_CHARS, trim_whitespace=False), min_length=1, max_length=20
    )


class CustomerMergeIn(Strict):
    merged = Id(help_text="The id of the other one.")


class SnoozeIn(Strict):
    until = Text(
        allow_null=True,
        max_length=MAX_CHARS,
        help_text="A time (without a zone in yours), words such as `tomorrow 9`, or null: until they reply.",
    )


class NotificationFilters(Strict):
    unread = serializers.BooleanField(required=False, help_text="Only those that you have not read.")


class ReadIn(Strict):
    ids = serializers.ListField(child=Id(), required=False, max_length=500, help_text="Of notifications.")
    all = serializers.BooleanField(required=False, default=False, help_text="All of them.")


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


class CustomerIn(Strict):
    email = serializers.EmailField(max_length=254)
    name = Text(required=False, allow_blank=True, default="", max_length=160)
    company = Id(required=False, help_text="A company's id.")
    note = Text(required=False, allow_blank=True, max_length=10_000)


class CustomerChangeIn(Strict):
    name = Text(required=False, allow_blank=True, max_length=160)
    company = Id(required=False, help_text="A company's id.")
    note = Text(required=False, allow_blank=True, max_length=10_000)


# --- What we begin ourselves ---------------------------------------------------------------
class PersonIn(Strict):
    email = serializers.EmailField(max_length=254)
    name = Text(required=False, allow_blank=True, default="", max_length=160)


class CopyIn(PersonIn):
    pass


class CopyOut(Out):
    class Meta:
        model = Copied
        fields = ["id", "email", "name", "created_at"]
        read_only_fields = fields


class ForwardIn(Strict):
    to = serializers.ListField(child=PersonIn(), min_length=1, max_length=MOST_TO)
    body = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=settings.MESSAGE_MAX_CHARS,
        help_text="Your words, in plain text.",
    )
    messages = serializers.ListField(
        child=Id(),
        required=False,
        max_length=MOST_MESSAGES,
        help_text="Ids of replies; without this all of them, newest 100 at most. Notes never go along.",
    )
    attachments = serializers.ListField(
        child=FileId(), required=False, max_length=MAX_FILES, help_text="Ids of files of its replies; none by itself."
    )
    client_id = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="Your own id; makes it harmless to repeat.",
    )


class ForwardOut(serializers.Serializer[Any]):
    mail = serializers.UUIDField(help_text="The id that later events of this mail carry.")
    seq = serializers.IntegerField(help_text="The seq of its event on the ticket.")
    leaves_at = Time(help_text="When it leaves.")


class OutreachIn(Strict):
    to = serializers.ListField(child=PersonIn(), min_length=1, max_length=MOST_PEOPLE)
    subject = Text(max_length=200)
    body = Text(max_length=settings.MESSAGE_MAX_CHARS, help_text="Markdown. `{{ customer.first_name }}` is theirs.")
    team = Id(required=False, allow_null=True, help_text="A team's id.")
    is_mine = serializers.BooleanField(default=False, help_text="Whether the tickets become yours.")
    attachments = serializers.ListField(
        child=FileId(), required=False, max_length=MAX_FILES, help_text="Ids of files that you uploaded."
    )
    client_id = Text(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="Your own id; makes it harmless to repeat.",
    )


class OutreachRowOut(Out):
    ticket = serializers.IntegerField(source="ticket_id", read_only=True, allow_null=True, help_text="Its number.")

    class Meta:
        model = OutreachRow
        fields = ["email", "name", "state", "reason", "ticket"]
        read_only_fields = fields


class OutreachOut(Out):
    people = OutreachRowOut(source="rows", many=True, read_only=True)

    class Meta:
        model = Outreach
        fields = ["id", "subject", "begins_at", "stopped_at", "created_at", "people"]
        read_only_fields = fields
