"""Where the clinic is reached, who comes in, and the keys."""

import re
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from clinic.settings.environment import DEBUG, DEMO, PUBLIC_URL, SECRET_KEY, env

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
    *("x-request-id", "signed-with"),
]
CORS_EXPOSE_HEADERS = ["ETag", "Idempotency-Replayed", "Location", "Retry-After", "X-Request-ID"]


# Access
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = ["clinic.accounts.backend.SlowedBackend"]
PASSWORD_HASHERS = [
    "clinic.accounts.hashing.OneAtATime",
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
# How often a minute one caller may do what costs much (clinic.ops.throttles), a program anything.
THROTTLES = {"login": 120, "search": 120, "export": 30, "page": 300, "service": 600}

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
