"""Set gunicorn for one small server behind nginx; used by matome.service, which starts it in the checkout."""

from __future__ import annotations

import os

bind = os.environ.get("GUNICORN_BIND", "unix:/run/matome/matome.sock")

# A request is short work between two reads of SQLite: threads wait for each other cheaply, processes use the cores.
worker_class = "gthread"
workers = int(os.environ.get("GUNICORN_WORKERS", "2"))
threads = int(os.environ.get("GUNICORN_THREADS", "4"))

timeout = 30
graceful_timeout = 15
# Longer than nginx keeps an idle connection (60 s), so that nginx is the one to close it.
keepalive = 75

# Who the reader is, and by which address the site was asked for, is read from nginx's headers by the application
# (MATOME_TRUSTED_PROXIES). Gunicorn itself trusts none.
forwarded_allow_ips = ""

# A search for 1,000 Japanese characters is a line of over 9,000 bytes, gunicorn's own limit is at most 8,190, and the
# page that asks names its address in a header. nginx bounds both.
limit_request_line = 0
limit_request_field_size = 32768

# Nothing here needs gunicorn's control interface, and the service may not write where it would lie.
control_socket_disable = True

accesslog = None  # nginx keeps one
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
            "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        },
    }
