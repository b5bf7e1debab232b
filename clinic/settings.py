"""One settings file for every place the clinic runs in: the differences are environment variables.

A missing secret or address stops the start with the variable's name. What each variable means
is listed in docs/operations.md.
"""

import os
import re
import zoneinfo
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

# What may be named by a file, as NAME_FILE: a secret that no list of processes or containers shows.
SECRETS = (
    *("SECRET_KEY", "AUDIT_KEY", "FIELD_KEYS", "DATABASE_URL", "DATABASE_PASSWORD"),
    *(
        "REDIS_URL",
        "REDIS_PASSWORD",
        "EMAIL_URL",
        "EMAIL_PASSWORD",
        "SMS_HTTP_TOKEN",
        "SMS_WEBHOOK_SECRET",
    ),
    *("TWILIO_AUTH_TOKEN", "ANYMAIL_WEBHOOK_SECRET", "METRICS_TOKEN"),
)


def _from_files() -> dict[str, str]:
    found = {}
    for name in (*SECRETS, *(n[:-5] for n in os.environ if n.startswith("ANYMAIL_"))):
        if path := os.environ.get(f"{name}_FILE"):
            try:
                found[name] = Path(path).read_text().rstrip("\r\n")
            except OSError as error:
                raise ImproperlyConfigured(f"{name}_FILE: {error.strerror}: {path}") from None
    return {name: value for name, value in found.items() if value}


env = environ.Env()
env.ENVIRON = {**os.environ, **_from_files()}
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY")
PUBLIC_URL = env("PUBLIC_URL", default="http://localhost:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_public.hostname])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# The networks of our own proxies, and `unix` for a socket: what these write down of whom they ask
# for is believed, and nobody else's (clinic.http.middleware.addresses).
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
for _proxy in TRUSTED_PROXIES:
    try:
        _proxy == "unix" or ip_network(_proxy)
    except ValueError as _error:
        raise ImproperlyConfigured(
            f"TRUSTED_PROXIES: {_error}; right would be 10.0.0.0/8, 127.0.0.1 or unix"
        ) from None

# No server starts without it (clinic.start): the links in messages would lead nowhere.
HAS_ADDRESS = DEBUG or "PUBLIC_URL" in env.ENVIRON

# Front ends at other addresses, such as a desk's, whose scripts may call the API: exact origins,
# none unless named. They send a token; no cookie of ours goes with it.
CORS_ALLOWED_ORIGINS = env.list("CORS_ORIGINS", default=[])
for _origin in CORS_ALLOWED_ORIGINS:
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?", _origin) or (
        _public.scheme == "https" and not _origin.startswith("https:")
    ):
        raise ImproperlyConfigured(
            f"CORS_ORIGINS: {_origin} is no origin, such as https://desk.example (https as ours)"
        )
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = [
    *("accept", "authorization", "content-type", "idempotency-key", "if-match", "if-none-match"),
    "x-request-id",
]
CORS_EXPOSE_HEADERS = ["ETag", "Idempotency-Replayed", "Location", "Retry-After", "X-Request-ID"]

# The demo: seeded accounts shown on the front page, mail and SMS captured into /inbox/.
DEMO = env.bool("CLINIC_DEMO", default=False)
INBOX_DIR = env("CLINIC_INBOX_DIR", default="")
# How long a day of a message sequence lasts. Only a hurried demo changes it.
DAY_SECONDS = env.float("CLINIC_DAY_SECONDS", default=86_400.0)

INSTALLED_APPS = [
    "clinic",
    "patients",
    "sessions",
    "aftercare",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "pghistory",
    "pgtrigger",
    "phonenumber_field",
    "rest_framework",
    *(["clinic.demo"] if DEMO else []),
]

MIDDLEWARE = [
    "clinic.http.middleware.addresses.client_addresses",
    "clinic.http.middleware.request_ids.request_ids",
    "clinic.http.middleware.headers.content_policy",  # around whatever is answered
    "clinic.http.middleware.headers.never_stored",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "clinic.http.middleware.common.CompressedAPI",  # around problems too
    "clinic.http.middleware.common.problems_only",
    "clinic.ops.error_pages.never_blank",
    "django.middleware.security.SecurityMiddleware",
    "clinic.ops.throttles.throttled",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "clinic.http.middleware.common.ConditionalGet",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "clinic.http.middleware.common.Common",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "clinic.http.middleware.idle.sessions_end",
    "clinic.http.middleware.idle.second_factor_first",
    "clinic.http.middleware.proof.ProofFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "clinic.http.middleware.common.clinic_time",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pghistory.middleware.HistoryMiddleware",  # who and where, for every change
    "clinic.admin.audited.AuditedAdmin",
    "clinic.http.middleware.common.PassingFaults",  # last: it runs the admin's views again
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# ATOMIC_REQUESTS stays off: transactions are visible in services.py, and `durable=True` works.
_database = env.db("DATABASE_URL")
if _password := env("DATABASE_PASSWORD", default=""):  # of any character, which a URL has escaped
    _database["PASSWORD"] = _password
# Services try again (clinic.db.retries), all in all for longer than a provider is called (10 s,
# aftercare.dispatch.run), so nobody at a desk waits for a quarter of a minute.
_limits = "-c lock_timeout=4s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
# The only statements that are prepared are those of clinic.db.prepared: planned once, as it
# promises, and not anew for their values.
_limits += " -c plan_cache_mode=force_generic_plan"
# A row is read with all it belongs to, up to fifteen tables by their keys, in the order written.
# Trying every order of eight took longer than the rest of the statement.
_limits += " -c join_collapse_limit=5"
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {**_database.get("OPTIONS", {}), "options": _limits},
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env("REDIS_URL")
if _password := env("REDIS_PASSWORD", default=""):
    _redis = urlsplit(REDIS_URL)
    _server = _redis.netloc.rpartition("@")[2]
    _netloc = f"{_redis.username or ''}:{quote(_password, safe='')}@{_server}"
    REDIS_URL = _redis._replace(netloc=_netloc).geturl()
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "clinic",
        # It only counts (clinic.ops.throttles): nobody waits for it.
        "OPTIONS": {"socket_timeout": 0.25, "socket_connect_timeout": 0.25, "retry": None},
    }
}

# Access
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = ["clinic.accounts.backend.SlowedBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator")
] + [
    {"NAME": "clinic.accounts.passwords.LongEnough"},
    {"NAME": "clinic.accounts.passwords.ContextWords"},
    {"NAME": "clinic.accounts.notices.ChangesAreTold"},
]
PASSWORD_RESET_TIMEOUT = 30 * 60
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
# How often a minute one caller may do what costs much (clinic.ops.throttles).
THROTTLES = {"login": 120, "search": 120, "export": 30, "page": 300}

# Browser security follows from the address that the clinic is reached by.
SECURE = _public.scheme == "https"
_different = len(set(SECRET_KEY))  # a placeholder repeats itself, or says what it is


def _is_placeholder(key: str) -> bool:
    return len(set(key)) < 10 or key.lower().startswith(("django-insecure", "change"))


if SECURE and (len(SECRET_KEY) < 50 or _is_placeholder(SECRET_KEY)):
    raise ImproperlyConfigured(
        f"The SECRET_KEY has {len(SECRET_KEY)} characters, {_different} of them different, or is a "
        "placeholder; a public clinic needs 50 random ones: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
# Of encrypted columns: the first encrypts, all of them open (clinic.db.encryption). Apart by commas
# or lines.
FIELD_KEYS = re.split(r"[\s,]+", env("FIELD_KEYS", default="").strip(" \t\r\n,"))
if not FIELD_KEYS[0] and not SECURE:
    FIELD_KEYS = [SECRET_KEY]
if SECURE and any(
    len(_key) < 40 or _is_placeholder(_key) or _key == SECRET_KEY for _key in FIELD_KEYS
):
    raise ImproperlyConfigured(
        "FIELD_KEYS encrypts what is written about patients. A public clinic needs a key of 40 or "
        "more random characters, which is not the SECRET_KEY, and which must never be lost: "
        'python -c "import secrets; print(secrets.token_urlsafe(50))"'
    )
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz(/dispatch)?$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https")
    if TRUSTED_PROXIES or env.bool("BEHIND_PROXY", default=False)
    else None
)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_SECURE = SECURE
CSRF_FAILURE_VIEW = "clinic.ops.error_pages.csrf_failure"
# A log-in, to the API or to the pages of staff, ends without use, and in any case.
LOG_IN_IDLE = timedelta(minutes=env.float("LOG_IN_IDLE_MINUTES", default=15.0))
LOG_IN_LASTS = timedelta(hours=env.float("LOG_IN_HOURS", default=12.0))
# For so long nobody is asked again who they are before they give roles or keys.
PROOF_LASTS = timedelta(minutes=env.float("PROOF_MINUTES", default=10.0))
# Who cannot do without a second factor; a clinic may ask all of its people for one. Its secrets are
# sealed with the first of these keys, and opened with any.
_roles = ["MANAGER", "ADMIN", "AUDITOR", "PRACTITIONER"]
SECOND_FACTOR_ROLES = env.list("SECOND_FACTOR_ROLES", default=[] if DEMO else _roles)
SECOND_FACTOR_KEYS = env.list("SECOND_FACTOR_KEYS", default=[SECRET_KEY])
SESSION_COOKIE_AGE = int(LOG_IN_LASTS.total_seconds())
X_FRAME_OPTIONS = "DENY"

# Language and time. Stored instants are UTC; each clinic and patient has a zone of its own.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]
TIME_ZONE = "UTC"
USE_TZ = True
# The rules of the pinned tzdata package, not of whatever system this runs on: PostgreSQL reads its
# own, and where an older system disagrees with it (Morocco, since September 2026), booking would
# refuse what availability offers.
zoneinfo.reset_tzpath(())
zoneinfo.ZoneInfo.clear_cache()
FORMAT_MODULE_PATH = ["clinic.formats"]

# Static files: straight from the packages, or hashed and compressed once `collectstatic` ran.
STATIC_URL = "static/"
STATIC_ROOT = env("STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",  # in MEDIA_ROOT
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Photographs. No address serves this folder: whoever asks for a file goes through the API.
MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000  # what is larger waits in a temporary file

# Celery carries wake-ups, never facts: losing the broker costs seconds (docs/messages.md).
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # for ever: an outage may last longer than 100 tries
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 10}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULER = "clinic.celery.HeartbeatScheduler"
WAKE_SECONDS = env.float("CLINIC_WAKE_SECONDS", default=30.0)
# How long after a worker's last word its messages are taken from it (aftercare.dispatch.run).
LEASE_SECONDS = env.float("CLINIC_LEASE_SECONDS", default=60.0)
CELERY_BEAT_SCHEDULE = {
    "send-due-messages": {
        "task": "aftercare.tasks.send_due_messages",
        "schedule": WAKE_SECONDS,
        "options": {"expires": WAKE_SECONDS},  # wake-ups never pile up
    },
    "tell-staff": {
        "task": "aftercare.tasks.tell_staff",
        "schedule": WAKE_SECONDS,
        "options": {"expires": WAKE_SECONDS},
    },
    "ask-the-silent": {
        "task": "aftercare.tasks.ask_the_silent",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "go-on-with-replans": {
        "task": "aftercare.tasks.go_on_with_replans",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "follow-recalls": {
        "task": "aftercare.tasks.follow_recalls",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "report-accesses": {
        "task": "aftercare.tasks.report_accesses",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "write-downtime-packs": {
        "task": "aftercare.tasks.write_downtime_packs",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "keep-waitlist-moving": {
        "task": "sessions.tasks.keep_waitlist_moving",
        "schedule": WAKE_SECONDS,
        "options": {"expires": WAKE_SECONDS},
    },
    "raise-missed-follow-ups": {
        "task": "sessions.tasks.raise_missed_follow_ups",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "raise-overdue-side-effects": {
        "task": "sessions.tasks.raise_overdue_side_effects",
        "schedule": 900.0,
        "options": {"expires": 900.0},
    },
    "ask-after-planned-treatments": {
        "task": "sessions.tasks.ask_after_planned_treatments",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "go-on-with-files": {
        "task": "patients.tasks.go_on_with_files",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "make-exports": {
        "task": "aftercare.tasks.make_exports",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "complete-erasure-journal": {
        "task": "aftercare.tasks.complete_erasure_journal",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "warn-of-credentials": {
        "task": "sessions.tasks.warn_of_credentials",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "purge-tokens": {
        "task": "clinic.tasks.purge_tokens",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "send-password-links": {
        "task": "clinic.tasks.send_password_links",
        "schedule": WAKE_SECONDS,
        "options": {"expires": WAKE_SECONDS},
    },
    "seal-accesses": {
        "task": "clinic.tasks.seal_accesses",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "keep-access-months": {
        "task": "clinic.tasks.keep_access_months",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "purge-idempotency-keys": {
        "task": "clinic.tasks.purge_idempotency_keys",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}

# E-mail and SMS
EMAIL_PROVIDER = env("EMAIL_PROVIDER", default="smtp")  # smtp | anymail
# Of any provider that django-anymail knows: ANYMAIL_BACKEND=anymail.backends.postmark.EmailBackend
# and whatever that needs, such as ANYMAIL_POSTMARK_SERVER_TOKEN.
ANYMAIL_BACKEND = env("ANYMAIL_BACKEND", default="")
ANYMAIL = {
    "REQUESTS_TIMEOUT": (3.05, 8),
    **{
        name.removeprefix("ANYMAIL_"): value
        for name, value in env.ENVIRON.items()
        if name.startswith("ANYMAIL_") and name != "ANYMAIL_BACKEND" and not name.endswith("_FILE")
    },
}
_email = env.email_url(
    "EMAIL_URL", **({"default": "smtp://localhost"} if EMAIL_PROVIDER == "anymail" else {})
)
EMAIL_BACKEND = "aftercare.channels.email.Backend"
EMAIL_HOST = _email["EMAIL_HOST"]
EMAIL_PORT = _email["EMAIL_PORT"]
EMAIL_HOST_USER = _email["EMAIL_HOST_USER"]
EMAIL_HOST_PASSWORD = env("EMAIL_PASSWORD", default=_email["EMAIL_HOST_PASSWORD"])
EMAIL_USE_TLS = _email.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")
SMS_PROVIDER = env("SMS_PROVIDER")  # http | twilio | capture
SMS_HTTP_URL = env("SMS_HTTP_URL", default="")
SMS_HTTP_TOKEN = env("SMS_HTTP_TOKEN", default="")
SMS_HTTP_KIND = env("SMS_HTTP_KIND", default="none")  # dedupe | lookup | none
SMS_HTTP_LOOKUP_URL = env("SMS_HTTP_LOOKUP_URL", default="")
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env("TWILIO_FROM", default="")
TWILIO_API_URL = env("TWILIO_API_URL", default="https://api.twilio.com")
# Signs what the SMS gateway sends to /webhooks/sms/. Without it, that address is closed.
SMS_WEBHOOK_SECRET = env("SMS_WEBHOOK_SECRET", default="")

# How long the file of one patient's export is there (aftercare.records.export).
EXPORT_DAYS = env.int("EXPORT_DAYS", default=7)
# Where it is written which patients were erased, for backups that are restored: a file on another
# disk; else it lies in MEDIA_ROOT (aftercare.records.erasure.journal).
ERASURE_JOURNAL = env("ERASURE_JOURNAL", default="")
# How long it is known who has seen what: six years at the least (clinic.audit.months).
ACCESS_YEARS = env.int("ACCESS_YEARS", default=6)
# Seals what was written down of it, and where the head of that chain is sent (clinic.audit.chain).
AUDIT_KEY = env("AUDIT_KEY", default=SECRET_KEY)
AUDIT_HEAD_FILE = env("AUDIT_HEAD_FILE", default="")
AUDIT_HEAD_EMAIL = env("AUDIT_HEAD_EMAIL", default="")
AUDIT_HEAD_URL = env("AUDIT_HEAD_URL", default="")
# Backups (clinic.ops.backup): where to, for whose keys of age, how many are kept, and where pg_dump
# and pg_restore are, if not on the PATH.
BACKUP_DIR = env("BACKUP_DIR", default="")
BACKUP_RECIPIENTS = env.list("BACKUP_RECIPIENTS", default=[])
BACKUP_KEEP = env.int("BACKUP_KEEP", default=35)
PG_BIN = env("PG_BIN", default="")
# Where the downtime packs are written, a folder for each clinic (aftercare.records.downtime).
DOWNTIME_DIR = env("DOWNTIME_DIR", default="")
METRICS_TOKEN = env("METRICS_TOKEN", default="")  # without one there is no /metrics

PHONENUMBER_DB_FORMAT = "E164"
PHONENUMBER_DEFAULT_FORMAT = "E164"

# API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clinic.http.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["clinic.permissions.RolePermission"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PARSER_CLASSES": ["clinic.http.parsers.LimitedJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["clinic.http.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "clinic.api.schema.fields.ClinicSchema",
    "URL_FORMAT_OVERRIDE": None,  # by Accept alone: `?format=` is a parameter like any other
    "EXCEPTION_HANDLER": "clinic.http.problems.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "COERCE_DECIMAL_TO_STRING": True,
}
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105  whoever has a key to it asks
REST_KNOX = {"TOKEN_TTL": LOG_IN_IDLE}
SPECTACULAR_SETTINGS = {
    "TITLE": "Clinic API",
    "DESCRIPTION": "Patients, treatment sessions and messages of a microneedling clinic.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "AccessAction": "clinic.models.Action",
        "AccessOutcome": "clinic.models.Outcome",
        "AccessPurpose": "clinic.models.AccessPurpose",
        "PurposeEnum": "patients.models.Purpose",
        "VisitKind": "sessions.models.Kind",
        "CandidacyOutcome": "sessions.models.CandidacyOutcome",
        "ConsentKind": "patients.models.consent.ConsentKind",
        "AddressSource": "aftercare.models.AddressSource",
        "AheadChoice": "sessions.services.ending.decisions.Choice",
        "Audience": "patients.models.Audience",
        "DepthBand": "sessions.figures.cuts.DepthBand",
        "DeviationKind": "sessions.models.DeviationKind",
        "ExposureKind": "sessions.models.ExposureKind",
        "ExposureStepKind": "sessions.models.ExposureStepKind",
        "OtherTreatmentKind": "patients.models.OtherTreatmentKind",
        "OtherTreatmentStatus": "patients.models.OtherTreatmentStatus",
        "Endpoint": "sessions.models.Endpoint",
        "Keyword": "aftercare.models.Keyword",
        "MessageStatus": "aftercare.models.MessageStatus",
        "PhotoScope": "patients.models.PhotoScope",
        "ReportOutcome": "sessions.models.ReportOutcome",
        "SeverityEnum": "clinic.findings.Severity",
        "TaskSeverity": "patients.models.TaskSeverity",
        "PlanKind": "sessions.lifecycle.PlanKind",
        "PlanStatus": "sessions.lifecycle.PlanStatus",
        "ProductKind": "sessions.models.ProductKind",
        "RaterRole": "sessions.models.RaterRole",
        "Role": "clinic.models.Role",
        "ScreeningKind": "patients.models.ScreeningKind",
        "ScreeningScope": "patients.models.Scope",
        "SessionStatus": "sessions.lifecycle.Status",
        "SideEffectKind": "sessions.models.SideEffectKind",
        "SkinGroup": "sessions.figures.cuts.SkinGroup",
        "SkinType": "patients.models.SkinType",
        "TaskKind": "patients.models.TaskKind",
        "TaskStatus": "patients.models.TaskStatus",
        "WaitlistStatus": "sessions.lifecycle.WaitlistStatus",
        "Weekday": "clinic.models.Weekday",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "clinic.api.schema.answers.complete",
    ],
}

UNFOLD = {
    "SITE_TITLE": "Clinic",
    "SITE_HEADER": "Clinic",
    "SITE_SYMBOL": "dermatology",
    "SHOW_BACK_BUTTON": True,
    "ACCOUNT": {"navigation": "clinic.admin.navigation.account"},
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("clinic/icon.svg")}
    ],
    "STYLES": [
        lambda request: static("clinic/picker.css"),
        lambda request: static("clinic/today.css"),
        lambda request: static("clinic/week.css"),
        lambda request: static("clinic/reach.css"),
    ],
    "SCRIPTS": [
        lambda request: static("clinic/picker.js"),
        lambda request: static("clinic/names.js"),
    ],
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .012 45)",
            "100": "oklch(94.5% .03 45)",
            "200": "oklch(89% .06 43)",
            "300": "oklch(81% .1 42)",
            "400": "oklch(71% .14 41)",
            "500": "oklch(62% .15 40)",
            "600": "oklch(53% .14 38)",
            "700": "oklch(46% .12 37)",
            "800": "oklch(39% .1 37)",
            "900": "oklch(34% .08 37)",
            "950": "oklch(24% .06 37)",
        }
    },
    "DASHBOARD_CALLBACK": "aftercare.admin.today.page.today",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "clinic.admin.navigation.sidebar",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "clinic.http.logs.Formatter",
            "fmt": "%(levelname)s %(name)s%(of)s: %(message)s",
        }
    },
    "handlers": {"console": {"()": "clinic.http.logs.OncePerSecond", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        **{name: {"level": "WARNING"} for name in ("mail.log",)},
        **{name: {"level": "ERROR"} for name in ("weasyprint", "fontTools")},  # each step
    },
}
