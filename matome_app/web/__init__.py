"""What readers are served: one module a kind of page, and what all of them use."""

from __future__ import annotations

import os

# Babel looks for this machine's time zone when it is imported, and pytz opens the files of all 600 zones for it. Every
# time of the site is in UTC and says so: asking for that takes none of them.
if "TZ" not in os.environ:
    os.environ["TZ"] = "UTC"
    import babel.localtime  # noqa: F401

    del os.environ["TZ"]
