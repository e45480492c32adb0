"""The WSGI entry point: `flask run` and gunicorn find the application here."""

from matome_app import create_app

app = create_app()
