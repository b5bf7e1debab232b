"""What was answered to a request, for when it comes again."""

from datetime import datetime
from typing import Self
from uuid import UUID

import orjson
from django.conf import settings
from django.db import connection, models
from django.db.models import Q

from clinic.db.prepared import Prepared
from clinic.models.base import Model

CLAIM = Prepared(
    "claim_key",
    """
    INSERT INTO clinic_idempotency_key (user_id, key, request_sha256)
    VALUES (%(user)s, %(key)s, %(request)s)
    ON CONFLICT ON CONSTRAINT idempotency_key_once_per_user DO NOTHING
    """,
    types={"user": "uuid", "key": "text", "request": "text"},
)
ANSWER = Prepared(
    "answer_key",
    """
    UPDATE clinic_idempotency_key SET status = %(status)s, headers = %(headers)s, body = %(body)s
    WHERE user_id = %(user)s AND key = %(key)s
    """,
    types={"user": "uuid", "key": "text", "status": "int2", "headers": "jsonb", "body": "bytea"},
)


class IdempotencyKeyQuerySet(models.QuerySet["IdempotencyKey"]):
    def claim(self, *, user_id: UUID, key: str, request_sha256: str) -> bool:
        """Take the key for this request. False if it is taken.

        Waits while another transaction holds the key and has not decided yet.
        """
        with connection.cursor() as cursor:
            CLAIM.execute(cursor, {"user": user_id, "key": key, "request": request_sha256})
            return bool(cursor.rowcount)

    def keep_answer(
        self, *, user_id: UUID, key: str, status: int, headers: dict[str, str], body: bytes
    ) -> None:
        """Beside a key that was claimed."""
        values = {"status": status, "headers": orjson.dumps(headers).decode(), "body": body}
        with connection.cursor() as cursor:
            ANSWER.execute(cursor, {"user": user_id, "key": key, **values})

    def older_than(self, limit: datetime) -> Self:
        return self.filter(created_at__lt=limit)


class IdempotencyKey(Model):
    """One request that may be repeated, and its answer, kept for 48 hours.

    The row is inserted first in the transaction of the work and answered at its end, so it is
    seen by others only when the work is done, and not at all when the request was refused.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict, db_default={})
    body = models.BinaryField(null=True)

    objects = IdempotencyKeyQuerySet.as_manager()

    class Meta:
        db_table = "clinic_idempotency_key"
        constraints = [
            models.UniqueConstraint(name="idempotency_key_once_per_user", fields=["user", "key"]),
            models.CheckConstraint(
                name="idempotency_key_printable", condition=Q(key__regex=r"^[ -~]{1,100}$")
            ),
            models.CheckConstraint(
                name="idempotency_key_body_iff_status",
                condition=Q(status__isnull=True, body__isnull=True)
                | Q(status__isnull=False, body__isnull=False),
            ),
        ]
        indexes = [models.Index(name="idempotency_key_by_age", fields=["created_at"])]

    def __str__(self) -> str:
        return self.key
