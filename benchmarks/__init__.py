"""Measurements of the whole application; `make bench` runs them."""
