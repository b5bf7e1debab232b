"""django-post_office on a database of its own: `python bench/sending/peer.py SMTP_PORT PROCESSES`.

It is no part of the product's environment: the bench installs it into a folder and names that in
PYTHONPATH. Each line that it reads is a request in JSON: mail is queued with words that are
rendered already, then sent with so many processes of one connection each.
"""

import json
import os
import sys
import time
from typing import Any

import django
import environ
from django.conf import settings


def configure(port: int) -> None:
    settings.configure(
        DATABASES={"default": environ.Env.db_url_config(os.environ["DATABASE_URL"])},
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "THREADS_PER_PROCESS": 1,
            "BATCH_SIZE": 1000,
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()


def main(port: str, processes: str) -> None:
    configure(int(port))
    from django.core.management import call_command
    from post_office import mail  # type: ignore[import-not-found]

    call_command("migrate", verbosity=0)

    def work(request: dict[str, Any]) -> float:
        words = request["words"]
        mail.send_many(
            [
                {
                    "recipients": [words["to"]],
                    "sender": "hello@clinic.example",
                    "subject": words["subject"],
                    "message": words["text"],
                    "html_message": words["html"],
                }
                for _ in range(request["messages"])
            ]
        )
        began = time.perf_counter()
        mail.send_queued_mail_until_done(processes=int(processes))
        return time.perf_counter() - began

    for line in sys.stdin:
        print(json.dumps({"seconds": work(json.loads(line))}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
