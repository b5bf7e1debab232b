"""Settings for every place the clinic runs in: the differences are environment variables.

A missing secret or address stops the start with the variable's name. What each variable means
is listed in docs/operations.md. Here: apps, middleware, language, records and logs; what
the other files are for stands on top of each.
"""

import zoneinfo

from clinic.settings.access import *  # noqa: F403
from clinic.settings.access import CORS_ALLOWED_ORIGINS
from clinic.settings.api import *  # noqa: F403
from clinic.settings.database import *  # noqa: F403
from clinic.settings.environment import *  # noqa: F403
from clinic.settings.environment import DEMO, SECRET_KEY, env
from clinic.settings.files import *  # noqa: F403
from clinic.settings.files import FILES
from clinic.settings.messages import *  # noqa: F403
from clinic.settings.pages import *  # noqa: F403
from clinic.settings.workers import *  # noqa: F403

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
    "clinic.http.middleware.languages.own_language",
    "clinic.http.middleware.idle.sessions_end",
    "clinic.http.middleware.idle.second_factor_first",
    "clinic.http.middleware.proof.ProofFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "clinic.http.middleware.common.clinic_time",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clinic.http.middleware.common.unindented",
    "pghistory.middleware.HistoryMiddleware",  # who and where, for every change
    "clinic.admin.audited.AuditedAdmin",
    "clinic.http.middleware.common.Refusals",  # last: it runs the admin's views again
]
# A read changes nothing that has a history, and would say who reads with each statement.
PGHISTORY_MIDDLEWARE_METHODS = ["POST", "PUT", "PATCH", "DELETE"]

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
            ],
            "libraries": {
                "cells": "clinic.admin.lists.cells",
                "clocks": "clinic.admin.forms.clocks",
                "links": "clinic.admin.forms.links",
            },
        },
    }
]

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
    "default": FILES,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# No address serves photographs: whoever asks for a file goes through the API.
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000  # what is larger waits in a temporary file

# How long the file of one patient's export is there (aftercare.records.export).
EXPORT_DAYS = env.int("EXPORT_DAYS", default=7)
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
        **{name: {"level": "WARNING"} for name in ("mail.log", "fido2")},
        **{name: {"level": "ERROR"} for name in ("weasyprint", "fontTools")},  # each step
    },
}
