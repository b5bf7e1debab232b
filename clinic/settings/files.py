"""Where photographs and exports are kept: in a folder, or on S3 for web hosts that share none.

Nobody but the clinic reads them there: no object is public and no address is signed. Whoever may
see a picture gets it through the clinic, which has looked at that before.
"""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from clinic.settings.environment import BASE_DIR, env

MEDIA_ROOT = env("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))
# Where it is written which patients were erased, for backups that are restored: a file on another
# disk; else it lies in MEDIA_ROOT (aftercare.records.erasure.journal).
ERASURE_JOURNAL = env("ERASURE_JOURNAL", default="")

FILES: dict[str, Any] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",  # in MEDIA_ROOT
    "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
}
S3_BUCKET = env("S3_BUCKET", default="")


def on_s3(bucket: str, read: Any) -> dict[str, Any]:
    from botocore.config import Config

    limits = {"connect_timeout": 3, "read_timeout": 10, "retries": {"max_attempts": 2}}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": read("S3_ENDPOINT", default=None),
            "region_name": read("S3_REGION", default="us-east-1"),
            "access_key": read("S3_ACCESS_KEY", default=None),
            "secret_key": read("S3_SECRET_KEY", default=None),
            "default_acl": None,  # what the bucket says, which is private
            "file_overwrite": False,
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": read("S3_ADDRESSING", default="auto")},
                **limits,
            ),
        },
    }


if S3_BUCKET:
    if not ERASURE_JOURNAL:
        raise ImproperlyConfigured(
            "S3_BUCKET: name a file for ERASURE_JOURNAL too, which is not kept on S3"
        )
    FILES = on_s3(S3_BUCKET, env)
