"""Audit of the site as it is deployed: `make audit`, or `python -m audit --help`."""
