"""The WSGI entry point: `flask run` and gunicorn find the application here."""

import gc

# What a start loads stays for as long as the process: to look through it for garbage, again and again while it grows,
# is a tenth of a start, and later a pause in somebody's request.
gc.disable()

from matome_app import create_app  # noqa: E402

app = create_app()
gc.freeze()
gc.enable()
