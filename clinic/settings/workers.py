"""Workers, and what wakes them."""

from clinic.settings.database import REDIS_URL
from clinic.settings.environment import env

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
# How often each is woken, in seconds. A wake-up that nobody took by the next one expires: they
# never pile up.
WOKEN = (
    (
        WAKE_SECONDS,
        (
            "aftercare.tasks.send_due_messages",
            "aftercare.tasks.tell_staff",
            "sessions.tasks.keep_waitlist_moving",
            "clinic.tasks.send_password_links",
        ),
    ),
    (
        300.0,
        (
            "aftercare.tasks.ask_the_silent",
            "aftercare.tasks.follow_recalls",
        ),
    ),
    (
        60.0,
        (
            "aftercare.tasks.go_on_with_replans",
            "aftercare.tasks.go_on_with_tellings",
            "patients.tasks.go_on_with_files",
            "aftercare.tasks.make_exports",
        ),
    ),
    (
        3600.0,
        (
            "aftercare.tasks.report_accesses",
            "aftercare.tasks.deliver_downtime_packs",
            "sessions.tasks.raise_missed_follow_ups",
            "sessions.tasks.ask_after_planned_treatments",
            "aftercare.tasks.complete_erasure_journal",
            "sessions.tasks.warn_of_credentials",
            "clinic.tasks.purge_tokens",
            "clinic.tasks.seal_accesses",
            "clinic.tasks.keep_access_months",
            "clinic.tasks.purge_idempotency_keys",
        ),
    ),
    (900.0, ("sessions.tasks.raise_overdue_side_effects",)),
)
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}}
    for seconds, tasks in WOKEN
    for task in tasks
}
