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
