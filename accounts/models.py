"""Who works here: people, teams, calendars, the sites that customers write from."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.languages import DESK_LANGUAGES
from accounts.roles import ROLE_CHOICES, Role, may
from accounts.tokens import digest

currency_code = RegexValidator(r"^[A-Z]{3}\Z", _("Use the three letters of the currency, such as EUR."))
hex_color = RegexValidator(r"^#[0-9a-f]{6}\Z", _("Use a colour such as #0d5c49."))
SIGNATURE_CHARS = 1000
API_TOKEN_PREFIX = "mg_"  # noqa: S105  (so that secret scanners can find a token that leaked)
_desk_of_request: ContextVar[list[Desk] | None] = ContextVar("desk_of_request", default=None)


def check_time_zone(name: str) -> None:
    if name not in available_timezones():
        wrong = _("%(name)s is not a time zone. Use a name such as Europe/Berlin.")
        raise ValidationError(wrong % {"name": name}, code="invalid")


def new_site_key() -> str:
    return secrets.token_hex(8)


def initials_of(name: str) -> str:
    """One or two letters for a face without a picture."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


class Desk(models.Model):
    """The company that runs this installation, and its settings. There is exactly one row."""

    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    currency = models.CharField(max_length=3, default="EUR", validators=[currency_code])
    language = models.CharField(
        max_length=10,
        default="en",
        choices=DESK_LANGUAGES,
        help_text=_("Mails are written in it, unless their reader has chosen another one that we write."),
    )
    follow_up_days = models.PositiveSmallIntegerField(
        default=3, help_text=_("Days after solving until the follow-up mail asks whether all is well; 0 sends none.")
    )
    reopen_days = models.PositiveSmallIntegerField(
        default=14,
        help_text=_("A reply within these days after solving reopens the ticket; later it opens a linked one."),
    )
    promise_minutes = models.PositiveSmallIntegerField(
        default=10,
        help_text=_("After this many minutes the list says that a customer waits too long, where nothing is promised."),
    )
    signature = models.TextField(
        blank=True,
        max_length=SIGNATURE_CHARS,
        help_text=_("Ends our people’s mails to customers, unless they have their own."),
    )
    only_row = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(only_row=True), name="desk_is_single")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        if memory := _desk_of_request.get():
            memory[:] = [self]

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What apps above keep of their own settings for as long as this row is remembered (`read_once`)."""
        return {}

    @classmethod
    def load(cls) -> Desk | None:
        """The company, or None before the first run was completed."""
        return cls.objects.first()

    @classmethod
    def current(cls) -> Desk:
        """The company, or its defaults where nobody has set it up yet; read once a request."""
        memory = _desk_of_request.get()
        if memory:
            return memory[0]
        desk = cls.load() or cls(name="Makegood")
        if memory is not None:
            memory.append(desk)
        return desk

    @classmethod
    @contextmanager
    def read_once(cls) -> Iterator[None]:
        """Let `current` remember its answer as long as this lasts: `accounts.middleware` wraps each request in it.

        Within another one it changes nothing.
        """
        if _desk_of_request.get() is not None:
            yield
            return
        token = _desk_of_request.set([])
        try:
            yield
        finally:
            _desk_of_request.reset(token)


class Calendar(models.Model):
    """Opening hours in a time zone. `hours` maps weekday 0-6 (Monday is 0) to [["09:00", "17:30"], …];
    `holidays` is a list of ISO dates. An empty `hours` means always open."""

    name = models.CharField(max_length=80)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[check_time_zone])
    hours = models.JSONField(default=dict, blank=True)
    holidays = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.name

    def is_open(self, at: datetime) -> bool:
        """Whether `at` (an aware datetime) lies inside the opening hours."""
        if not self.hours:
            return True
        local = at.astimezone(ZoneInfo(self.time_zone))
        if local.date().isoformat() in self.holidays:
            return False
        clock = f"{local:%H:%M}"
        return any(start <= clock < end for start, end in self.hours.get(str(local.weekday()), []))

    def next_opening(self, at: datetime) -> datetime | None:
        """When it opens next after `at` (aware), in the calendar's zone; None if not within a year.

        An opening in an hour that the clock leaves out is where it would have been (RFC 5545, 3.3.5).
        """
        zone = ZoneInfo(self.time_zone)
        after = at.astimezone(UTC)  # two times of one zone would be compared by their clocks, not by when they are
        today = at.astimezone(zone).date()
        for day in (today + timedelta(days=number) for number in range(366)):
            if day.isoformat() in self.holidays:
                continue
            for opening in self._openings(day, zone):
                if opening > after and self.is_open(opening):
                    return opening.astimezone(zone)
        return None

    def _openings(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """The moments of this day at which a span begins, in UTC; an hour that comes twice has two."""
        starts = [time.fromisoformat(start) for start, _end in self.hours.get(str(day.weekday()), [])]
        local = [datetime.combine(day, start.replace(fold=fold), zone) for start in starts for fold in (0, 1)]
        return sorted({moment.astimezone(UTC) for moment in local})


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """Someone who works here. Signs in with an address; what they may do follows from their role."""

    class Availability(models.TextChoices):
        ONLINE = "online", _("Taking chats")
        AWAY = "away", _("Away")

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=10, choices=ROLE_CHOICES, default=Role.AGENT)
    teams = models.ManyToManyField(Team, blank=True, related_name="members")
    availability = models.CharField(max_length=10, choices=Availability.choices, default=Availability.ONLINE)
    capacity = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(1), MaxValueValidator(50)], help_text=_("Chats at once.")
    )
    last_seen_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When their workspace was last connected.")
    )
    breather_until = models.DateTimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[check_time_zone])
    language = models.CharField(max_length=10, blank=True, choices=DESK_LANGUAGES)
    public_name = models.CharField(
        _("name for customers"), max_length=40, blank=True, help_text=_("What customers see; your first name if empty.")
    )
    signature = models.TextField(
        blank=True, max_length=SIGNATURE_CHARS, help_text=_("Ends your mails to customers; the company’s if empty.")
    )
    picture_key = models.UUIDField(
        null=True, editable=False, unique=True, help_text=_("Names the file of their picture.")
    )
    is_active = models.BooleanField(default=True)
    session_era = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Sessions of an earlier era have ended, as they do with a new password.")
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message=_("Someone with this address is here already."),
            ),
            models.CheckConstraint(condition=models.Q(role__in=[r.value for r in Role]), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def is_on_breather(self, now: datetime) -> bool:
        """Whether they have a pause at `now` (aware)."""
        return self.breather_until is not None and self.breather_until > now

    @property
    def reads(self) -> str:
        """The language of what is written to them: their own, else the company's."""
        return self.language or Desk.current().language

    @property
    def short_name(self) -> str:
        return self.name.split()[0] if self.name.strip() else self.email

    @property
    def face_name(self) -> str:
        """What customers call them."""
        return self.public_name or self.short_name

    @property
    def picture_path(self) -> str | None:
        """Where their picture can be fetched by anybody, or None; the key is random and new with each picture."""
        return f"/pictures/{self.picture_key}/" if self.picture_key else None

    @property
    def initials(self) -> str:
        return initials_of(self.name)

    @property
    def zone(self) -> ZoneInfo:
        """Their time zone, or the company's where they chose none."""
        return ZoneInfo(self.time_zone or Desk.current().time_zone)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether this person's role holds `perm`; a deactivated person holds nothing."""
        return self.is_active and may(self.role, perm)

    def get_full_name(self) -> str:
        return self.name

    @property
    def is_invited(self) -> bool:
        """Whether they were asked to come and have not chosen a password yet."""
        return not self.is_active and not self.has_usable_password()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What every session of theirs must carry: changes with the password and with the era."""
        salt = "accounts.User.session"
        return salted_hmac(salt, f"{self.session_era}:{self.password}", secret=secret, algorithm="sha256").hexdigest()


class Breather(models.Model):
    """A pause that somebody took after a hard conversation. It is kept to see who carries much, never to count against
    anybody; `User.breather_until` says whether one lasts now."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="breathers")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()  # when it is over, or was ended early

    class Meta:
        indexes = [models.Index("user", models.F("began_at").desc(), name="breather_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__gte=models.F("began_at")), name="breather_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} at {self.began_at}"


class Site(models.Model):
    """A web presence whose pages carry the widget."""

    class Position(models.TextChoices):
        END = "end", _("At the end of the line: right, or left where one reads from right to left")
        LEFT = "left", _("Left")
        RIGHT = "right", _("Right")

    key = models.CharField(max_length=32, unique=True, default=new_site_key, editable=False)
    name = models.CharField(max_length=80)
    allowed_origins = models.JSONField(
        default=list, blank=True, help_text=_("Origins such as https://shop.example that may show the widget.")
    )
    url = models.URLField(blank=True, help_text=_("The page where customers find the chat; mails link to it."))
    color = models.CharField(max_length=7, default="#0d5c49", validators=[hex_color])
    greeting = models.CharField(max_length=200, default="Hello! How can we help?", blank=True)
    greetings = models.JSONField(
        default=dict, blank=True, help_text=_("The greeting by language code, where it differs.")
    )
    language = models.CharField(max_length=10, default="en")
    languages = models.JSONField(default=list, blank=True, help_text=_("Codes of the languages offered; empty: all."))
    position = models.CharField(max_length=5, choices=Position.choices, default=Position.END)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="sites")
    calendar = models.ForeignKey(Calendar, null=True, blank=True, on_delete=models.SET_NULL, related_name="sites")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def greeting_in(self, locale: str) -> str:
        """The greeting in this language (`de-AT` takes `de`), or the one for everybody."""
        code = locale.replace("_", "-").partition("-")[0].lower()
        return str(self.greetings.get(code) or self.greeting)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def usable(self) -> ApiTokenQuerySet:
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=Now()), revoked_at=None, user__is_active=True
        )

    def authenticate(self, raw: str) -> User | None:
        """The person a token speaks for, or None. Notes its use, at most once a minute."""
        token = self.usable().select_related("user").filter(digest=digest(raw)).first()
        if token is None:
            return None
        now = timezone.now()
        if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
            self.filter(pk=token.pk).update(last_used_at=now)
        return token.user


class ApiToken(models.Model):
    """A program's key to the API. Only its SHA-256 is kept: a token has 256 random bits, so no salt is needed."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=12, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"


class RateLimit(models.Model):
    """How often something happened in the running window; see `accounts.limits`."""

    key = models.CharField(max_length=120, primary_key=True)
    window_ends_at = models.DateTimeField()
    count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.key}: {self.count}"


class Heartbeat(models.Model):
    """When a background process last showed that it lives; `/readyz` reads it."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
