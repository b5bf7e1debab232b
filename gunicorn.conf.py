"""How gunicorn serves the clinic. It finds this file in the folder in which it is started."""

import os

# Processes, because Python runs one thread at a time: two for each processor, so that none waits
# for the broker or the database alone. A thread keeps its own database connection.
workers = int(os.environ.get("WEB_CONCURRENCY", "4"))
threads = 4
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # noqa: S108
logger_class = "clinic.http.logs.Logger"
access_log_format = '%(h)s %(t)s "%(r)s" %(s)s %(b)s "%(a)s" %(id)s'
preload_app = True  # imported once; the workers share its memory


def when_ready(_: object) -> None:
    from clinic.start import load_before_forking  # the application is loaded by now

    load_before_forking()
