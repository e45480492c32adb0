"""The commands that `flask` gets from us: thin, everything they do is elsewhere."""

from __future__ import annotations

from flask import Flask

from matome_app.cli.check import check_command
from matome_app.cli.deploy_config import deploy_config_command
from matome_app.cli.index import index_command
from matome_app.cli.searches import searches_command
from matome_app.doctor.command import doctor_command


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for command in (index_command, check_command, doctor_command, deploy_config_command, searches_command):
        app.cli.add_command(command)
