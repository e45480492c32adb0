"""Set gunicorn for one small server behind nginx; used by deploy/systemd, which starts it in the checkout.

HUP starts new workers beside the old ones and lets these finish: for a reload. Another release needs a restart, since
the old interpreter would keep its libraries; the socket is systemd's (LISTEN_FDS), so that connections wait for it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

# Where there is no socket of systemd's.
bind = os.environ.get("GUNICORN_BIND", "unix:/run/matome/matome.sock")

# A request is short work between two reads of SQLite: processes use the cores; a second thread goes on while the first
# reads the disk or a picture is made smaller. More would only make all of a worker's requests slow at once.
worker_class = "gthread"
workers = int(os.environ.get("GUNICORN_WORKERS", "2"))
threads = int(os.environ.get("GUNICORN_THREADS", "2"))

# What waits is bounded, and waits in the kernel, in one queue for all workers: a worker takes a request when it has a
# thread for it and not before, and each is one connection. Kept connections would stay with the worker that took them,
# however they fell: the slowest searches took about three times as long (docs/decisions.md).
worker_connections = threads
keepalive = 0
backlog = 512

# Each worker imports the site itself: a reload is to bring in what changed, and threads do not survive a fork.
preload_app = False
# No max_requests: memory does not grow (make soak), and a worker that is made anew is missed for a second.
max_requests = 0
# The sign of life of a worker is a file that is touched: in memory it waits for no disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

timeout = 30
graceful_timeout = 15

# Who the reader is, and by which address the site was asked for, is read from nginx's headers by the application
# (MATOME_TRUSTED_PROXIES). Gunicorn itself trusts none.
forwarded_allow_ips = ""

# A search for 1,000 Japanese characters is a line of over 9,000 bytes, gunicorn's own limit is at most 8,190, and the
# page that asks names its address in a header. nginx bounds both.
limit_request_line = 0
limit_request_field_size = 32768

# Nothing here needs gunicorn's control interface, and the service may not write where it would lie.
control_socket_disable = True

# nginx keeps one. Without nginx: GUNICORN_ACCESS_LOG=- (standard output) or a file. It has neither addresses nor what
# was searched for, whatever the format asks for (matome_app/privacy.py).
accesslog = os.environ.get("GUNICORN_ACCESS_LOG") or None
access_log_format = "%(m)s %(U)s %(s)s %(B)s bytes %(L)s s [%({x-request-id}o)s]"
errorlog = "-"

# The same lines as the site's own (matome_app/log.py). Named by its library: what gunicorn imports itself, workers that
# are started anew after an update would keep as it was.
if os.environ.get("MATOME_LOG_FORMAT") == "json":
    logconfig_dict = {
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "message", "process"],
                "defaults": {"time": ""},
                "rename_fields": {"levelname": "level", "name": "logger", "exc_info": "exception"},
                "timestamp": "time",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "INFO" if accesslog else "WARNING", "handlers": [], "propagate": True},
        },
    }

# Workers count in files that whichever of them is asked adds up: in memory where systemd gives a folder, else in the
# data folder. Each start has its own, so that one that replaces another takes nothing from it.
if os.environ.get("MATOME_METRICS") == "1":
    _runtime = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    _figures = Path(_runtime or os.environ.get("MATOME_DATA_DIR") or "instance", "metrics").absolute()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_figures / str(os.getpid()))


def on_starting(server: Any) -> None:
    """Remove what was counted by servers that have ended, and by one that had the number of this."""
    if os.environ.get("MATOME_METRICS") == "1":
        for folder in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).parent.glob("*"):
            if folder.name == str(os.getpid()) or not Path("/proc", folder.name).exists():
                shutil.rmtree(folder, ignore_errors=True)
