"""How gunicorn serves the clinic. It finds this file in the folder in which it is started."""

import gc
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
    """Before the workers are forked: what is loaded now stays, so the collector need not look at
    it again. Looking stopped all requests of a worker for 120 ms, once a second."""
    gc.collect()
    gc.freeze()
