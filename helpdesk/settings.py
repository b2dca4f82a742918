"""Every setting of the installation: environment in, one file, refuses to start unsafe.

What each environment variable means is said once, in `.env.example`.
"""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

from accounts.languages import DESK_LANGUAGES
from outbox.policy import provider_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- Where and how it runs ---------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
SITE_URL = env.str("SITE_URL", f"http://{HOST}:{PORT}" if DEBUG else "").rstrip("/")
SITE_HOST = urlsplit(SITE_URL).hostname or ""
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data")))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or ([SITE_HOST] if SITE_HOST else [])
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost", "[::1]"]
IS_HTTPS = SITE_URL.startswith("https://")


def _refuse_unsafe_start() -> None:
    """Stop before the first request rather than run production on development's terms."""
    if not SECRET_KEY:
        raise ImproperlyConfigured("SECRET_KEY is not set: a long random text, see .env.example.")
    if DEBUG:
        return
    if len(SECRET_KEY) < 40:
        raise ImproperlyConfigured("SECRET_KEY is too short: use at least 40 random characters.")
    if not SITE_URL:
        raise ImproperlyConfigured("SITE_URL is not set: the address people open, https://desk.example.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts; '*' would trust any Host header.")


_refuse_unsafe_start()

# --- What it is made of ------------------------------------------------------------------
# Our own apps, from the top layer down; tests hold this against the import contracts.
LOCAL_APPS = ["demo", "api", "reports", "recovery", "chat", "mailroom", "tickets", "outbox", "customers", "accounts"]
INSTALLED_APPS = [
    *LOCAL_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "django_htmx",
    "django_structlog",
    "django_prometheus",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
]
MIDDLEWARE = [
    "helpdesk.middleware.alive",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.middleware.DatabaseDown",
    "accounts.middleware.desk_read_once",
    "accounts.middleware.viewer_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "accounts.middleware.viewer_time_zone",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
ASGI_APPLICATION = "helpdesk.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "helpdesk.folding.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "libraries": {"i18n": "accounts.templatetags.translating", "lucide": "accounts.templatetags.icons"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.desk",
                "tickets.context.working",
                "recovery.context.making_good",
            ],
        },
    }
]

# --- Postgres: the log -------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgres://127.0.0.1:5432/makegood")}
DATABASES["default"] |= {
    "ENGINE": "django.db.backends.postgresql",
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "DISABLE_SERVER_SIDE_CURSORS": True,
    "OPTIONS": {"connect_timeout": 5, "options": "-c timezone=UTC -c lock_timeout=10s"},
}
if env.str("DATABASE_REPLICA_URL", ""):  # reports are read from it
    DATABASES["replica"] = DATABASES["default"] | env.db_url("DATABASE_REPLICA_URL")
    DATABASES["replica"] |= {"ENGINE": DATABASES["default"]["ENGINE"], "TEST": {"MIRROR": "default"}}
    DATABASES["replica"]["OPTIONS"] = DATABASES["default"]["OPTIONS"]
    DATABASE_ROUTERS = ["reports.replica.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: only the door-bell -----------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "helpdesk.bells.Bells",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "makegood"},
    }
}
# Limits must hold when Redis is down, so the cache behind them is a table.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Celery: the row is the queue, a task is only a nudge --------------------------------
CELERY_BROKER_URL = env.str("BROKER_URL", REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
# Tasks are not acknowledged: the row says what is left to do. An acknowledgement that Redis does not answer would
# keep its place among those that a worker may have, and after as many as it has processes it takes no task any more.
CELERY_TASK_QUEUES = [Queue("celery", no_ack=True)]
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    # A dead broker must not hold a page: the nudge is dropped, the tick finds the row.
    "socket_connect_timeout": 1,
    "socket_timeout": 10,
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_IMPORTS = [
    *("tickets.jobs", "outbox.jobs", "outbox.tasks", "accounts.jobs", "chat.jobs", "mailroom.jobs", "recovery.jobs"),
    "reports.jobs",
]
CELERY_BEAT_SCHEDULE = {
    "mails that are due": {"task": "outbox.jobs.send_due", "schedule": 10.0},
    "what is wrong": {"task": "outbox.jobs.watch_over", "schedule": 60.0},
    "follow-ups that are due": {"task": "tickets.jobs.run_due_follow_ups", "schedule": 10.0},
    "follow-ups that are pointless": {"task": "tickets.jobs.drop_pointless_follow_ups", "schedule": 10.0},
    "snoozed tickets that wake": {"task": "tickets.jobs.wake_due_tickets", "schedule": 10.0},
    "promises that are kept or broken": {"task": "tickets.jobs.measure_promises", "schedule": 10.0},
    "replies that are due": {"task": "tickets.jobs.send_due_replies", "schedule": 2.0},
    "words to be searched": {"task": "tickets.jobs.index_changed_words", "schedule": 5.0},
    "mails that failed": {"task": "tickets.jobs.report_failed_mails", "schedule": 60.0},
    "chats whose agent has gone": {"task": "chat.jobs.take_back_abandoned", "schedule": 10.0},
    "rings of long ago": {"task": "chat.jobs.forget_old_rings", "schedule": 3600.0},
    "trails of long ago": {"task": "chat.jobs.forget_old_trails", "schedule": 3600.0},
    "offers whose time is over": {"task": "recovery.jobs.expire_offers", "schedule": 10.0},
    "approvals that are late": {"task": "recovery.jobs.tell_deputies", "schedule": 60.0},
    "the ledger is proved": {"task": "recovery.jobs.prove_ledger", "schedule": crontab(hour=3, minute=17)},
    "questions whether it is right": {"task": "recovery.jobs.send_surveys", "schedule": 30.0},
    "orders to the shop": {"task": "recovery.jobs.send_payouts", "schedule": 10.0},
    "offers whose mail never left": {"task": "recovery.jobs.take_back_unsent_offers", "schedule": 30.0},
    "what asks for making good": {"task": "recovery.jobs.consider", "schedule": 10.0},
    "cases that are due": {"task": "recovery.jobs.watch_over_cases", "schedule": 30.0},
    "chats that were left": {"task": "recovery.jobs.note_abandoned", "schedule": 60.0},
    "the worker is alive": {"task": "accounts.jobs.beat", "schedule": 10.0},
    "files that nobody sent": {"task": "tickets.jobs.discard_unsent_files", "schedule": 3600.0},
    "replies to many": {"task": "tickets.jobs.send_bulk_replies", "schedule": 5.0},
    "what was fixed": {"task": "recovery.jobs.tell_what_was_fixed", "schedule": 10.0},
    "tickets of merged causes": {"task": "tickets.jobs.move_tickets_of_merged_causes", "schedule": 10.0},
    "what nobody was told of": {"task": "tickets.jobs.notify_all", "schedule": 10.0},
    "notes for browsers": {"task": "tickets.jobs.push_notifications", "schedule": 5.0},
    "notifications by mail": {"task": "tickets.jobs.mail_digests", "schedule": 30.0},
    "conversations that we begin": {"task": "tickets.jobs.write_outreaches", "schedule": 5.0},
    "mails that came in": {"task": "mailroom.jobs.handle_due", "schedule": 10.0},
    "mails of long ago": {"task": "mailroom.jobs.forget_old_mails", "schedule": 3600.0},
    "what reports count": {"task": "reports.jobs.count_facts", "schedule": 5.0},
    "reports by mail": {"task": "reports.jobs.send_due_mailings", "schedule": 60.0},
    "charts of long ago": {"task": "reports.jobs.forget_old_pictures", "schedule": 3600.0},
    "undos of long ago": {"task": "tickets.jobs.forget_what_is_done", "schedule": 3600.0},
    "forget what is spent": {"task": "accounts.jobs.forget_spent", "schedule": 3600.0},
}
# A tick that no worker took in time is dropped: the next one does the same work, and where workers are too slow or too
# few, ticks must not pile up in front of it. What comes seldom may wait longer.
for _tick in CELERY_BEAT_SCHEDULE.values():
    _is_frequent = isinstance(_tick["schedule"], float) and _tick["schedule"] < 3600
    _tick["options"] = {"expires": 60.0 if _is_frequent else 3600.0}

# --- The two ways up (docs/architecture.md, "Layers") ------------------------------------
# Dotted task paths that get the ids of what was committed together.
EVENT_SUBSCRIBERS: list[str] = ["tickets.jobs.notify_of"]
# What apps above `tickets` record and somebody is told of: whom is in its `tell`, its words in `told/<type>.txt`.
TELLING_EVENTS = [
    "case.opened",
    "case.taken",
    "case.escalated",
    "case.overdue",
    "case.reopened",
    "approval.asked",
    "approval.granted",
    "approval.overdue",
    "approval.refused",
    "offer.accepted",
    "offer.declined",
]
# Kind of mail -> dotted path of guard(mail) -> reason to cancel, or None; asked again when sending.
OUTBOX_GUARDS = {
    "follow_up": "tickets.jobs.guard_follow_up",
    "reply": "tickets.jobs.guard_reply",
    "offer": "recovery.jobs.guard_offer",
    "service_notice": "recovery.jobs.guard_offer",
    "survey": "recovery.jobs.guard_survey",
    "cause_fixed": "recovery.jobs.guard_told",
    "report": "reports.jobs.guard_report",
}
# Kinds of mail whose words the company can change: name -> a `WordingKind`, in the order in which they are shown.
MAIL_WORDINGS = {
    "receipt": "tickets.wordings.RECEIPT",
    "answer": "tickets.wordings.ANSWER",
    "follow_up": "tickets.wordings.FOLLOW_UP",
}
# Who is asked what is wrong, so that administrators are told: dotted paths of faults(now) -> `Fault`s.
TROUBLE_SOURCES = [
    "outbox.queries.sending_faults",
    "tickets.queries.faults.late_work",
    "mailroom.queries.faults.fetching_faults",
    "recovery.queries.faults.ledger_faults",
    "reports.queries.counting.counting_faults",
]
# Where they look into what has no page of its own.
TROUBLES_URL = "/settings/email/sending/"
# What somebody had that goes on without them, when they are switched off (`Part` in accounts/actions/people.py).
PERSON_PARTS = ["tickets.actions.leaving.WORK", "recovery.actions.belonging.OWNED"]
# What apps above `tickets` hold of customers, and how it moves when two records are one person (uniting_customers.py).
CUSTOMER_PARTS = ["chat.actions.belonging.BROWSERS", "recovery.actions.belonging.CASES"]
# What apps above `tickets` hold of a ticket, and how it goes on with the one that it is merged into (uniting.py).
TICKET_PARTS = ["recovery.actions.belonging.PUT_RIGHT"]
# Where apps above `tickets` keep a message as it came: dotted paths of forget(message), called when something is taken
# out of it for good.
ORIGINALS = ["mailroom.actions.forgetting.forget_original"]
# How what apps above `tickets` did to one is put back: name of the step -> dotted path of put_back(ticket, was, by).
UNDO_STEPS = {"case": "recovery.actions.cases.put_back"}
# What macros can do beside their words: name of the step -> a `StepKind`, in the order in which they are offered.
MACRO_STEPS = {
    "assign": "tickets.actions.macro_steps.ASSIGN",
    "team": "tickets.actions.macro_steps.TEAM",
    "status": "tickets.actions.macro_steps.STATUS",
    "priority": "tickets.actions.macro_steps.PRIORITY",
    "add_tags": "tickets.actions.macro_steps.ADD_TAGS",
    "remove_tags": "tickets.actions.macro_steps.REMOVE_TAGS",
    "field": "tickets.actions.macro_steps.FIELD",
    "note": "tickets.actions.macro_steps.NOTE",
    "checklist": "tickets.actions.macro_steps.CHECKLIST",
    "follow_up": "tickets.actions.macro_steps.FOLLOW_UP",
    "abuse": "tickets.actions.macro_steps.ABUSE",
    "snooze": "tickets.actions.macro_steps.SNOOZE",
    "resolve": "tickets.actions.macro_steps.RESOLVE",
}

# --- Mail --------------------------------------------------------------------------------
EMAIL_BACKEND = "outbox.backends.OutboxBackend"
MAIL_PORT = env.int("MAIL_PORT", 8025)
EMAIL_URL = env.str("EMAIL_URL", f"smtp://127.0.0.1:{MAIL_PORT}" if DEBUG else "smtp://127.0.0.1:25")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "") or f"support@{SITE_HOST or 'localhost'}"
_smtp = env.email_url("EMAIL_URL", default=EMAIL_URL)
OUTBOX_SMTP = {
    "host": _smtp["EMAIL_HOST"],
    "port": _smtp["EMAIL_PORT"] or 25,
    "user": _smtp["EMAIL_HOST_USER"] or "",
    "password": _smtp["EMAIL_HOST_PASSWORD"] or "",
    "use_tls": _smtp.get("EMAIL_USE_TLS", False),
    "use_ssl": _smtp.get("EMAIL_USE_SSL", False),
    "timeout": 20,
}
# Where mail servers hand mails to us (mailroom/listening.py).
MAIL_LISTEN = env.list("MAIL_LISTEN", default=[])
# Mailboxes that sign in at Google or Microsoft (mailroom/actions/connecting.py).
OAUTH_CLIENTS = {
    "google": {
        "id": env.str("GOOGLE_CLIENT_ID", ""),
        "secret": env.str("GOOGLE_CLIENT_SECRET", ""),
        "tenant": "",
    },
    "microsoft": {
        "id": env.str("MICROSOFT_CLIENT_ID", ""),
        "secret": env.str("MICROSOFT_CLIENT_SECRET", ""),
        "tenant": env.str("MICROSOFT_TENANT", "common"),
    },
}
# A provider's API instead of a server: see `PROVIDERS` in outbox/policy.py.
EMAIL_PROVIDER = env.str("EMAIL_PROVIDER", "").lower()
_provider_settings = env.str("EMAIL_PROVIDER_SETTINGS", "")
try:
    EMAIL_PROVIDER_SETTINGS = provider_settings(EMAIL_PROVIDER, _provider_settings) if EMAIL_PROVIDER else {}
except ValueError as _fault:
    raise ImproperlyConfigured(str(_fault)) from _fault
# What does not fit is named in the mail. Base64 adds a third; most servers take 25 MB.
OUTBOX_MAX_FILES_BYTES = env.int("OUTBOX_MAX_FILES_BYTES", 15 * 1024 * 1024)

# For so many days what was received is kept as it came; what became of it stays known.
RAW_MAIL_DAYS = env.int("RAW_MAIL_DAYS", 90)

# --- Who may sign in ---------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # the address is unique, whatever its case: a constraint on Lower("email")
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]
PASSWORD_RESET_TIMEOUT = 3600
INVITATION_SECONDS = 7 * 24 * 3600
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.auth.InvitedOnly"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None  # they choose
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # here; everywhere else they are
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
# Per address generous, because offices share one; per account tight.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "40/m/ip,10/5m/key", "reset_password": "20/m/ip,5/m/key"}
# Behind a proxy that strips and sets X-Forwarded-For, say how many proxies there are.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- Browsers ----------------------------------------------------------------------------
SECURE_SSL_REDIRECT = IS_HTTPS and not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "makegood_session"
CSRF_COOKIE_NAME = "makegood_csrf"
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []
CSRF_FAILURE_VIEW = "helpdesk.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, *([SITE_URL.replace("http", "ws", 1)] if SITE_URL else [])],
        "frame-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# Where an agent's socket may come from: exactly here (reliability: cross-site sockets).
SOCKET_ORIGINS = [SITE_URL] if SITE_URL else []
if DEBUG:
    SOCKET_ORIGINS += [f"http://{name}:{PORT}" for name in ("127.0.0.1", "localhost")]

# --- Files -------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "helpdesk.assets.VendorFinder",
]
NODE_MODULES = BASE_DIR / "node_modules"
# Only what pages load, served as vendor/<name>; from the packages named in package.json.
VENDOR = {
    "idiomorph.js": "idiomorph/dist/idiomorph-ext.min.js",
    "inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter-latin-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "helpdesk.assets.Assets"
    },
}
MEDIA_ROOT = DATA_DIR / "files"
FILES_URL = env.str("FILES_URL", "")
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MAX_FILE_BYTES = 10 * 1024 * 1024

# --- Words and times ---------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = list(DESK_LANGUAGES.items())
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
MESSAGE_MAX_CHARS = 20_000
# An answer in a chat that the customer has not seen after this long leaves by mail.
UNSEEN_MAIL_SECONDS = env.int("UNSEEN_MAIL_SECONDS", 120)
# How long a reply that leaves by mail can be taken back.
UNDO_SEND_SECONDS = env.int("UNDO_SEND_SECONDS", 10)
# To how many people whom nobody here has written to yet one of us can write in an hour.
NEW_RECIPIENTS_PER_HOUR = env.int("NEW_RECIPIENTS_PER_HOUR", 300)
# Generous and settable (decisions: offices share one address).
GUEST_LIMITS = {
    "start": (env.int("GUEST_STARTS_PER_MINUTE", 120), 60),
    "open": (env.int("GUEST_CONVERSATIONS_PER_MINUTE", 30), 60),
    "message": (env.int("GUEST_MESSAGES_PER_MINUTE", 60), 60),
    # Files of a visitor, in number and in KiB; ten of them may share a network address.
    "file": (_files := env.int("GUEST_FILES_PER_MINUTE", 20), 60),
    "file_of_network": (10 * _files, 60),
    "kib": (_kib := 1024 * env.int("GUEST_FILE_MB_PER_HOUR", 50), 3600),
    "kib_of_network": (10 * _kib, 3600),
    # Tries to prove who one is, of a visitor and of a network address.
    "identify": (30, 60),
    "code": (20, 3600),
    "verify": (30, 3600),
}

# --- API ---------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.auth.BearerToken", "api.auth.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["api.parsers.BoundedJSON"],
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.PerToken"],
    "DEFAULT_PAGINATION_CLASS": "api.pagination.Keyset",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "api.errors.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 600)
SPECTACULAR_SETTINGS = {
    "TITLE": "Makegood",
    "VERSION": "1",
    "DESCRIPTION": "The helpdesk's public interface. Errors have one shape, lists are read by cursor.",
    "SERVE_PUBLIC": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AuthorKind": ["agent", "customer", "system"],
        "FailureKind": "recovery.models.Kind",
        "HasslePart": "recovery.models.Part",
        "MessageKind": "tickets.models.Message.Kind",
        "NotificationKind": "tickets.models.Notification.Kind",
        "RemedyKind": "recovery.models.RemedyKind",
        "TicketChannel": "tickets.models.Channel",
        "TicketPriority": "tickets.models.Priority",
        "TicketStatus": "tickets.models.Status",
        "UnsolvedStatus": "api.serializers.tickets.UNSOLVED_CHOICES",
    },
}

# --- Logs, errors ------------------------------------------------------------------------
from helpdesk.logs import LOGGING, start_sentry  # noqa: E402, F401

SENTRY_DSN = env.str("SENTRY_DSN", "")
start_sentry(SENTRY_DSN)
