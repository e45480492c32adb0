"""The command `flask deploy-config`: the files of nginx, systemd and logrotate for one site, filled in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matome_app.config import LANGUAGES
from matome_app.errors import SettingError

if TYPE_CHECKING:
    from matome_app.deployment import Deployment

Command = Callable[..., None]


def _path(name: str, help_: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", default="", metavar="PATH", help=help_)


@click.command("deploy-config")
@click.option("--domain", required=True, metavar="HOST", help="Host name of the site, such as example.org.")
@click.option(
    "--output", type=click.Path(path_type=Path), help="Write below this folder (/ is this machine); else print."
)
@click.option("--check", is_flag=True, help="Say which files below --output are not as they would be written; exit 1.")
@click.option("--name", default="matome", show_default=True, help="Name of the site on this machine; one each.")
@click.option("--title", default="", help="Title of the site; default: its domain.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="ja", show_default=True, help="Language of the pages."
)
@_path("content", "Folder with posts/; default: /srv/NAME-content/content.")
@_path("assets", "Folder of pictures; default: assets beside the content folder.")
@_path("home", "Folder of the releases; default: /srv/NAME.")
@_path("checkout", "Folder of the program; default: HOME/current, as deploy/update.sh leaves it.")
@_path("state", "Folder of the releases' data folders; default: /var/lib/NAME.")
@_path("static", "Folder of hashed static files; default: HOME/static.")
@_path("data", "Data folder; default: CHECKOUT/instance.")
@_path("socket", "Socket between nginx and the program; default: /run/NAME/NAME.sock.")
@_path("cache", "Folder of nginx's cache; default: /var/cache/nginx/NAME.")
@_path("logs", "Folder of nginx's logs; default: /var/log/nginx/NAME.")
@click.option("--user", default="", help="User that the program runs as; default: NAME.")
@click.option("--nginx-user", default="www-data", show_default=True, help="User of nginx.")
@click.option("--listen", multiple=True, metavar="ADDRESS", help="IP address to listen on; repeatable. Default: all.")
@click.option("--http-port", type=int, default=80, show_default=True, help="Port for HTTP.")
@click.option("--https-port", type=int, default=443, show_default=True, help="Port for HTTPS.")
@click.option("--tls/--no-tls", default=True, help="End TLS here, or in a proxy in front.", show_default=True)
@_path("certificate", "Certificate with its chain; default: /etc/letsencrypt/live/HOST/fullchain.pem.")
@_path("certificate-key", "Its key; default: /etc/letsencrypt/live/HOST/privkey.pem.")
@_path("acme-root", "Folder for /.well-known/acme-challenge/; default: /var/www/html.")
@click.option("--www/--no-www", default=True, help="Lead from www.HOST to HOST.", show_default=True)
@click.option(
    "--behind",
    multiple=True,
    metavar="NETWORK",
    help="Network of a proxy in front of nginx; repeatable. Default: none.",
)
@click.option("--brotli/--no-brotli", default=None, help="Use nginx's Brotli modules; default: when they are there.")
@click.option("--workers", type=int, default=2, show_default=True, help="Processes; one a core.")
@click.option("--threads", type=int, default=2, show_default=True, help="Threads in each.")
@click.option("--memory", default="75%", show_default=True, help="Bound of memory, such as 1G.")
@click.option("--queue", type=int, default=0, help="Requests at the program at once; default: 24 x workers x threads.")
@click.option(
    "--connections-per-address", type=int, default=100, show_default=True, help="Requests of one address at once."
)
@click.option("--search-rate", type=int, default=10, show_default=True, help="Searches of one address a second.")
@click.option("--search-burst", type=int, default=40, show_default=True, help="So many more in one go.")
@click.option("--cache-size", default="500m", show_default=True, help="What nginx's cache may take of the disk.")
@click.option("--full-addresses", is_flag=True, help="Write whole addresses of readers into nginx's log.")
@click.option("--stapling", is_flag=True, help="Staple OCSP answers; not every certificate names whom to ask.")
@click.option("--metrics/--no-metrics", default=False, help="Serve /metrics, to this machine alone.", show_default=True)
@click.option(
    "--watch/--no-watch", default=True, help="Watch the content; else index by path and timer.", show_default=True
)
@click.option("--pull", is_flag=True, help="Fetch the content by git every five minutes.")
@_path("repository", "Clone of the content, for --pull and --no-watch; default: the folder above the content folder.")
def deploy_config_command(
    output: Path | None, check: bool, behind: tuple[str, ...], brotli: bool | None, **given: Any
) -> None:
    """Print or write the files with which nginx, systemd and logrotate serve a site on this machine."""
    from matome_app import deployment as deploy  # here, since every start imports this module

    if check and output is None:
        raise click.UsageError("--check compares with files below a folder: name it with --output")
    try:
        deployment = deploy.Deployment(
            trusted_proxies=behind, brotli=deploy.has_brotli() if brotli is None else brotli, **given
        )
    except SettingError as error:
        raise click.ClickException(str(error)) from None
    files = deploy.render(deployment)
    if output is None:
        for path, text in files.items():
            click.echo(f"# ---- {path}\n{text}")
    elif check:
        _compare(output, files)
        return
    else:
        _write(output, files)
    click.echo(what_to_do(deployment, files, output), err=True)


def _is_operators(path: str) -> bool:
    """Tell whether a file is changed by hand once it is there."""
    from matome_app.deployment import SETTINGS_FOLDER

    return path.startswith(SETTINGS_FOLDER)


def _write(output: Path, files: dict[str, str]) -> None:
    """Write every file that differs, but no settings over others; what a file held before is kept beside it."""
    for path, text in files.items():
        place = output / path.lstrip("/")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            before = place.read_text(encoding="utf-8") if place.exists() else None
            if before == text:
                continue
            if before is not None and _is_operators(path):
                click.echo(f"left as it is: {place}", err=True)
                continue
            if before is not None:
                # logrotate takes every file of its folder for one of its own, but for some endings.
                place.rename(place.with_name(f"{place.name}.bak"))
            place.write_text(text, encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise click.ClickException(f"{place} cannot be written: {error}") from None
        click.echo(f"{'wrote' if before is None else 'wrote anew (the old one is beside it: .bak)'} {place}", err=True)


def _compare(output: Path, files: dict[str, str]) -> None:
    """Name the files that are not as they would be written; exit 1 where there are some."""
    differ = []
    for path, text in files.items():
        place = output / path.lstrip("/")
        if place.exists() and _is_operators(path):
            continue
        try:
            same = place.read_bytes() == text.encode()
        except OSError:
            same = False
        if not same:
            differ.append(place)
            click.echo(f"{'differs' if place.exists() else 'missing'}: {place}")
    raise SystemExit(1 if differ else 0)


def what_to_do(deployment: Deployment, files: dict[str, str], output: Path | None) -> str:
    """Return the commands that put the files to use, in their order."""
    name = deployment.name
    units = [path.rpartition("/")[2] for path in files if path.startswith("/etc/systemd/system/")]
    start = [unit for unit in units if unit.endswith((".socket", ".path", ".timer")) or unit == f"{name}.service"]
    lines = []
    if output is None:
        lines.append("write them to this machine: the same command with --output /")
    elif output != Path("/"):
        lines.append(f"copy what is below {output} to /")
    lines += [
        f"look through {deployment.settings}: the title, the time zone",
        f"systemd-tmpfiles --create {name}.conf && systemctl daemon-reload",
        f"systemctl enable --now {' '.join(start)}",
    ]
    if deployment.tls:
        lines.append(f"have a certificate at {deployment.certificate}; docs/deploy.md says how")
    lines += [
        "nginx -t && systemctl reload nginx",
        f"open {deployment.base_url}/",
    ]
    return "Next, as root:\n" + "\n".join(f"  {number}. {line}" for number, line in enumerate(lines, 1))
