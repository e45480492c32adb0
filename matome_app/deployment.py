"""Fill in deploy/: what a machine is like goes in, the files of nginx, systemd and logrotate come out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from matome_app.config import LANGUAGES, ROOT
from matome_app.errors import SettingError
from matome_app.web.headers import HEADERS

TEMPLATES: Final = ROOT / "deploy"
"""The folder of the templates: `nginx/site.conf.j2` and so on."""

COMPRESSIBLE: Final = (
    *("text/css", "text/plain", "text/javascript", "application/javascript", "application/json"),
    *("application/feed+json", "application/manifest+json", "application/xml", "application/rss+xml"),
    *("application/atom+xml", "application/opensearchdescription+xml", "image/svg+xml", "image/x-icon"),
)
"""What nginx compresses besides HTML."""

BROTLI_MODULES: Final = Path("/usr/share/nginx/modules-available")
"""Where Debian's nginx modules say that they are there."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_PATH = re.compile(r"/[\w./@+-]*", re.ASCII)


class Target(NamedTuple):
    """One file that is made: from which template below deploy/, where it goes (`{name}`), and when it is needed."""

    template: str
    path: str
    wanted: Callable[[Deployment], bool] = lambda deployment: True


@dataclass(frozen=True)
class Deployment:
    """How one site runs on one machine; paths left empty follow from `name`. Raises SettingError for what cannot be.

    A machine that is kept up to date by deploy/update.sh has this in `home`: `releases/` (a checkout each, with its
    `.venv` and, as `instance`, its data folder), `current` (a link to one of them) and `static/`.
    """

    domain: str
    name: str = "matome"
    title: str = ""
    language: str = "ja"
    home: str = ""
    """`/srv/<name>`: the releases."""
    checkout: str = ""
    """`<home>/current`: the release that is served; its `static/` holds the plain names (site.css)."""
    static: str = ""
    """`<home>/static`: the static files of all releases that are kept, under hashed names alone
    (css/site.0123456789ab.css), each with .gz and .br beside it. An address that is not there is asked of the
    application: a page of another release may name it."""
    content: str = ""
    """`/srv/<name>-content/content`"""
    assets: str = ""
    """`assets` beside the content folder"""
    state: str = ""
    """`/var/lib/<name>`: the data folders of the releases, one each."""
    data: str = ""
    """`<checkout>/instance`: the data folder of the release that is served; its `images/` holds resized pictures."""
    socket: str = ""
    """`/run/<name>/<name>.sock`: systemd listens there for gunicorn, nginx connects to it."""
    cache: str = ""
    """`/var/cache/nginx/<name>`"""
    logs: str = ""
    """`/var/log/nginx/<name>`: a folder of its own, which Debian's rule for /var/log/nginx/*.log leaves alone."""
    user: str = ""
    """`<name>`: who the application runs as; nginx (`www-data`) may connect to the socket."""
    nginx_user: str = "www-data"
    listen: tuple[str, ...] = ()
    """IP addresses that nginx listens on; empty: all of IPv4 and IPv6."""
    http_port: int = 80
    https_port: int = 443
    tls: bool = True
    www: bool = True
    """Lead readers from www.<domain> to <domain>."""
    certificate: str = ""
    """`/etc/letsencrypt/live/<domain>/fullchain.pem`"""
    certificate_key: str = ""
    """`/etc/letsencrypt/live/<domain>/privkey.pem`"""
    acme_root: str = ""
    """`/var/www/html`: the folder in which a certificate's issuer looks for /.well-known/acme-challenge/."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of proxies in front of nginx whose X-Forwarded-For is believed."""
    brotli: bool = False
    workers: int = 2
    threads: int = 2
    memory: str = "75%"
    """What the application may use together, in systemd's words: `1G`, `75%`."""
    queue: int = 0
    """`24 × workers × threads`: so many requests at the application at once, under a second of work; beyond, 503."""
    connections_per_address: int = 100
    """Requests of one address at once; beyond, 429."""
    search_rate: int = 10
    """Searches of one address a second, in the long run; beyond, 429."""
    search_burst: int = 40
    """So many more in one go."""
    cache_size: str = "500m"
    """What the pages that nginx keeps may take of the disk, in nginx's words."""
    full_addresses: bool = False
    """Write whole addresses of readers into nginx's log."""
    stapling: bool = False
    """Staple OCSP answers; not every certificate names whom to ask."""
    metrics: bool = False
    watch: bool = True
    """Bring in changes of the content as they come; otherwise `flask index` is run by a path unit."""
    pull: bool = False
    """Fetch the content's repository every five minutes."""
    repository: str = ""
    """The folder above the content folder: the clone that the content comes from."""

    def __post_init__(self) -> None:
        """Fill in what follows from the rest, and look at everything once."""
        _check(self.name, "name", _NAME, "write lower case letters, digits and hyphens, such as matome")
        if not self.queue:
            object.__setattr__(self, "queue", 24 * self.workers * self.threads)
        for field, default in self._defaults().items():
            if not getattr(self, field):
                object.__setattr__(self, field, default)
        _check_domain(self.domain)
        _check(self.user, "user", re.compile(r"[a-z_][a-z0-9_-]{0,31}"), "write a user's name")
        _check(self.nginx_user, "nginx-user", re.compile(r"[a-z_][a-z0-9_-]{0,31}"), "write a user's name")
        for field in PATHS:
            _check_path(field, getattr(self, field))
        _check_text("title", self.title)
        if self.language not in LANGUAGES:
            raise wrong("language", self.language, f"write one of: {', '.join(LANGUAGES)}")
        for field, most in (("http_port", 65535), ("https_port", 65535), ("workers", 64), ("threads", 64)):
            _check_number(field, getattr(self, field), most)
        if self.tls and self.http_port == self.https_port:
            raise wrong("https-port", self.https_port, "the same port cannot speak HTTP and HTTPS")
        _check(self.cache_size, "cache-size", re.compile(r"[1-9][0-9]*[kmg]"), "write a size such as 500m or 2g")
        for field in ("queue", "connections_per_address", "search_rate", "search_burst"):
            _check_number(field, getattr(self, field), 1_000_000)
        for address in self.listen:
            _check_address("listen", address, network=False)
        for network in self.trusted_proxies:
            _check_address("behind", network, network=True)
        _check(self.memory, "memory", re.compile(r"[1-9][0-9]*[KMGT]|[1-9][0-9]?%|100%|infinity"), "write 1G or 75%")

    def _defaults(self) -> dict[str, str]:
        """Return what the fields are that were left empty; each may build on those before it."""
        home = self.home or f"/srv/{self.name}"
        checkout = self.checkout or f"{home}/current"
        content = self.content or f"/srv/{self.name}-content/content"
        return {
            "home": home,
            "checkout": checkout,
            "static": f"{home}/static",
            "content": content,
            "assets": str(Path(content).parent / "assets"),
            "state": f"/var/lib/{self.name}",
            "data": f"{checkout}/instance",
            "socket": f"/run/{self.name}/{self.name}.sock",
            "cache": f"/var/cache/nginx/{self.name}",
            "logs": f"/var/log/nginx/{self.name}",
            "repository": str(Path(content).parent),
            "user": self.name,
            "acme_root": "/var/www/html",
            "certificate": f"/etc/letsencrypt/live/{self.domain}/fullchain.pem",
            "certificate_key": f"/etc/letsencrypt/live/{self.domain}/privkey.pem",
        }

    @property
    def base_url(self) -> str:
        """Return the address of the site as readers have it; a proxy in front ends TLS where nginx does not."""
        if self.trusted_proxies and not self.tls:
            return f"https://{self.domain}"
        scheme, port, usual = ("https", self.https_port, 443) if self.tls else ("http", self.http_port, 80)
        return f"{scheme}://{self.domain}" + ("" if port == usual else f":{port}")

    @property
    def public_url(self) -> str:
        """Return where nginx redirects to; behind another proxy by the scheme that one names (nginx's variable)."""
        return f"${self.variable}_scheme://{self.domain}" if self.trusted_proxies else self.base_url

    @property
    def public_host(self) -> str:
        """Return the host, and the port where it is not the usual one, that the application makes addresses with."""
        return self.public_url.partition("://")[2]

    @property
    def variable(self) -> str:
        """Return the name as nginx's variables may begin."""
        return self.name.replace("-", "_")

    def listeners(self, port: int) -> list[str]:
        """Return what nginx listens on at a port, in its words."""
        if not self.listen:
            return [str(port), f"[::]:{port}"]
        return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in self.listen]

    @property
    def images(self) -> str:
        """Return the folder of resized pictures."""
        return f"{self.data}/images"

    @property
    def settings(self) -> str:
        """Return the file with the site's settings, which systemd and deploy/update.sh read."""
        return f"/etc/matome/{self.name}.env"


PATHS: Final = (
    *("home", "checkout", "static", "content", "assets", "state", "data", "socket", "cache", "logs", "repository"),
    *("certificate", "certificate_key", "acme_root"),
)
"""The fields that are paths."""

TARGETS: Final[tuple[Target, ...]] = (
    Target("nginx/site.conf.j2", "/etc/nginx/conf.d/{name}.conf"),
    Target("nginx/unknown-hosts.conf.j2", "/etc/nginx/conf.d/unknown-hosts.conf"),
    Target("nginx/unknown-hosts-tls.conf.j2", "/etc/nginx/conf.d/unknown-hosts-tls.conf", lambda d: d.tls),
    Target("settings.env.j2", "/etc/matome/{name}.env"),
    Target("systemd/site.socket.j2", "/etc/systemd/system/{name}.socket"),
    Target("systemd/site.service.j2", "/etc/systemd/system/{name}.service"),
    Target("systemd/index.service.j2", "/etc/systemd/system/{name}-index.service", lambda d: not d.watch),
    Target("systemd/index.path.j2", "/etc/systemd/system/{name}-index.path", lambda d: not d.watch),
    Target("systemd/index.timer.j2", "/etc/systemd/system/{name}-index.timer", lambda d: not d.watch),
    Target("systemd/pull.service.j2", "/etc/systemd/system/{name}-pull.service", lambda d: d.pull),
    Target("systemd/pull.timer.j2", "/etc/systemd/system/{name}-pull.timer", lambda d: d.pull),
    Target("systemd/tmpfiles.conf.j2", "/etc/tmpfiles.d/{name}.conf"),
    Target("logrotate.j2", "/etc/logrotate.d/{name}"),
)
"""Every file that is made."""

SETTINGS_FOLDER: Final = "/etc/matome/"
"""What lies here is the operator's once it is written."""


def render(deployment: Deployment) -> dict[str, str]:
    """Return the files of a deployment: where each goes, and its text."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # these are no pages; what goes in was looked at
    )
    in_home = any(getattr(deployment, field).startswith(("/home/", "/root/")) for field in PATHS)
    values = {
        "deployment": deployment,
        "d": deployment,
        "in_home": in_home,
        "security_headers": tuple(HEADERS.items()),
        "compressible": " ".join(COMPRESSIBLE),
    }
    return {
        target.path.format(name=deployment.name): jinja.get_template(target.template).render(values)
        for target in TARGETS
        if target.wanted(deployment)
    }


def has_brotli(modules: Path = BROTLI_MODULES) -> bool:
    """Tell whether nginx's Brotli modules, for files and for answers, are on this machine."""
    return all((modules / f"mod-http-brotli-{kind}.conf").is_file() for kind in ("static", "filter"))


def wrong(field: str, value: Any, what_to_do: str) -> SettingError:
    """Return the error for a field's value, in one line that names the option of `flask deploy-config`."""
    return SettingError(f"--{field.replace('_', '-')} {value!r}: {what_to_do}")


def _check(value: str, field: str, pattern: re.Pattern[str], what_to_do: str) -> None:
    if not pattern.fullmatch(value):
        raise wrong(field, value, what_to_do)


def _check_domain(domain: str) -> None:
    labels = domain.split(".")
    if len(domain) > 253 or not all(re.fullmatch(_LABEL, label) for label in labels):
        raise wrong("domain", domain, "write a host's name in lower case, such as example.org (xn--… for others)")


def _check_path(field: str, path: str) -> None:
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        raise wrong(field, path, "write a whole path of letters, digits and _ . / @ + -, without ..")


def _check_text(field: str, value: str) -> None:
    if any(character in '"\\' or not character.isprintable() for character in value):
        raise wrong(field, value, "write it in one line, without double quotes and backslashes")


def _check_number(field: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise wrong(field, value, f"write a whole number from 1 to {most}")


def _check_address(field: str, value: str, *, network: bool) -> None:
    try:
        ipaddress.ip_network(value) if network else ipaddress.ip_address(value)
    except ValueError:
        example = "a network such as 10.0.0.0/8 or 2001:db8::/32" if network else "an IP address such as 192.0.2.1"
        raise wrong(field, value, f"write {example}") from None
