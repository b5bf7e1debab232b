"""PostgreSQL, and Valkey."""

from urllib.parse import quote, urlsplit

from clinic.settings.environment import env

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
# Behind PgBouncer in transaction mode our connection is another one of PostgreSQL's after each
# commit: nothing may be left behind in it, and the limits are the role's (docs/operations.md).
DATABASE_POOLED = env.bool("DATABASE_POOLED", default=False)
_options = {} if DATABASE_POOLED else {"options": _limits}
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {**_database.get("OPTIONS", {}), **_options},
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLED,
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
    }
}
if _replica := env("DATABASE_REPLICA_URL", default=""):  # a standby, for clinic.db.replica
    _of_url = env.db_url_config(_replica)
    DATABASES["replica"] = {
        **DATABASES["default"],
        **_of_url,
        "PASSWORD": _database.get("PASSWORD") or _of_url["PASSWORD"],
        "ENGINE": "django.db.backends.postgresql",
        # one that is away keeps nobody waiting for long
        "OPTIONS": {**_of_url.get("OPTIONS", {}), **_options, "connect_timeout": 2},
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["clinic.db.replica.Router"]
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
