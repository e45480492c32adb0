"""Run the site as deploy/ sets it up: real nginx with the rendered configuration before real gunicorn, on loopback.

    with running(folder) as site:                        # the sample posts, plain HTTP, http://localhost:<port>
        site.get("/posts/", HX_Request="true").status    # through nginx, exactly as written
    with running(folder, content=posts, tls=True, settings={"MATOME_WATCH": "1"}, workers=1) as site: …

`running(folder, content=None, data=None, settings={}, activated=False, **fields)` starts both and waits for /readyz;
`fields` are those of `matome_app.deployment.Deployment` (domain, tls, brotli, trusted_proxies, queue, search_rate, …).
With `activated` the listening socket belongs to the test, as it belongs to systemd on a server: it outlives gunicorn.
What is started is stopped at the end, by its process id. Ports are free ones, TLS has a certificate made on the spot.

A `Running` has:
  url, port, https_port, deployment, folder, data, content, access_log, app_log (paths)
  get(path, method=…, host=…, secure=…, **headers)  through nginx; `_` in a header's name stands for `-`
  ask_app(path, **headers)                          gunicorn itself, past nginx
  connect(secure=…)                                 a socket to nginx, to write half requests to
  start_app(), stop_app(), reload_app() (HUP), restart_app(), start_nginx(), stop_nginx(), reload_nginx()
  wait_until_ready(), nginx_processes(), app_processes() (ids), index() (runs `flask index`)
Start options of the environment: MATOME_TRUSTED_PROXIES=1 unless `settings` says otherwise.
"""

from __future__ import annotations

import atexit
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from matome_app.deployment import Deployment, render

ROOT: Final = Path(__file__).resolve().parent.parent.parent
NGINX: Final = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MODULES: Final = Path("/usr/lib/nginx/modules")
START_SECONDS: Final = 180.0


class Answer(NamedTuple):
    """A response read to its end."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path, domain: str) -> tuple[Path, Path]:
    """Make a certificate for a domain and its www; return it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", f"/CN={domain}", "-addext", f"subjectAltName=DNS:{domain},DNS:www.{domain}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def deployment_in(folder: Path, **fields: Any) -> Deployment:
    """Return a deployment whose places all lie in a folder, on free loopback ports, of this checkout."""
    folder.mkdir(parents=True, exist_ok=True)
    domain = str(fields.get("domain", "localhost"))
    if fields.get("tls") and "certificate" not in fields:
        certificate, key = make_certificate(folder, domain)
        fields |= {"certificate": str(certificate), "certificate_key": str(key)}
    usual: dict[str, Any] = {
        "domain": domain,
        "tls": False,
        "home": str(folder),
        "checkout": str(ROOT),
        "static": str(folder / "static"),
        "data": str(folder / "data"),
        "state": str(folder),
        "socket": str(folder / "app.sock"),
        "cache": str(folder / "cache"),
        "logs": str(folder / "logs"),
        "acme_root": str(folder / "acme"),
        "listen": ("127.0.0.1",),
        "http_port": free_port(),
        "https_port": free_port(),
    }
    return Deployment(**(usual | fields))


def write_nginx(folder: Path, *deployments: Deployment) -> Path:
    """Write the rendered nginx files of deployments with a main file around them, as Debian's; return that one."""
    sites = folder / "conf.d"
    sites.mkdir(parents=True, exist_ok=True)
    for deployment in deployments:
        Path(deployment.logs).mkdir(parents=True, exist_ok=True)
        for path, text in render(deployment).items():
            if path.startswith("/etc/nginx/conf.d/"):
                (sites / Path(path).name).write_text(text, encoding="utf-8")
    kinds = ("filter", "static") if any(deployment.brotli for deployment in deployments) else ()
    modules = "".join(f"load_module {MODULES}/ngx_http_brotli_{kind}_module.so;\n" for kind in kinds)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", *OTHERS))
    main = folder / "nginx.conf"
    main.write_text(
        f"{'user root;' if os.geteuid() == 0 else ''}\n{modules}worker_processes 2;\ndaemon off;\n"
        f"pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{ worker_connections 2048; }}\n"
        "http {\n  sendfile on;\n  tcp_nopush on;\n  types_hash_max_size 2048;\n"
        "  include /etc/nginx/mime.types;\n  default_type application/octet-stream;\n"
        "  ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n  ssl_prefer_server_ciphers on;\n"
        f"  access_log {folder}/access.log;\n  gzip on;\n  {temporary}\n  include {sites}/*.conf;\n}}\n",
        encoding="utf-8",
    )
    return main


OTHERS: Final = ("fastcgi", "uwsgi", "scgi")


def check_nginx(main: Path) -> subprocess.CompletedProcess[str]:
    """Have nginx read its configuration (`nginx -t`)."""
    return subprocess.run([str(NGINX), "-t", "-c", str(main)], capture_output=True, text=True, check=False)


@dataclass
class Running:
    """A site that runs; see the beginning of this file."""

    folder: Path
    deployment: Deployment
    content: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    activated: bool = False
    _app: subprocess.Popen[bytes] | None = None
    _nginx: subprocess.Popen[bytes] | None = None
    _listener: socket.socket | None = None

    @property
    def port(self) -> int:
        """Return the port for plain HTTP."""
        return self.deployment.http_port

    @property
    def https_port(self) -> int:
        """Return the port for HTTPS."""
        return self.deployment.https_port

    @property
    def url(self) -> str:
        """Return the site's address, without a slash at its end."""
        return self.deployment.base_url

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return Path(self.deployment.data)

    @property
    def access_log(self) -> Path:
        """Return nginx's log."""
        return Path(self.deployment.logs) / f"{self.deployment.name}.access.log"

    @property
    def app_log(self) -> Path:
        """Return what gunicorn and the application write."""
        return self.folder / "app.log"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment the application runs in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MATOME_", "GUNICORN_"))}
        return {
            **kept,
            "MATOME_CONTENT_DIR": str(self.content),
            "MATOME_DATA_DIR": str(self.data),
            "MATOME_TRUSTED_PROXIES": "1",
            "GUNICORN_BIND": f"unix:{self.deployment.socket}",
            "GUNICORN_WORKERS": str(self.deployment.workers),
            "GUNICORN_THREADS": str(self.deployment.threads),
            **self.settings,
        }

    # Processes

    def start_app(self) -> None:
        """Start gunicorn with the configuration that deploy/ has."""
        assert self._app is None
        command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "deploy/gunicorn.conf.py"), "wsgi:app"]
        environment, passed = self.environment, list[int]()
        if self.activated:
            if self._listener is None:
                self._listener = _listen(Path(self.deployment.socket))
            # The process that is to take the socket is named by its id, which only the process itself knows.
            command = ["bash", "-c", f'exec 3<&{self._listener.fileno()}; LISTEN_PID=$$ exec "$@"', "bash", *command]
            environment["LISTEN_FDS"] = "1"
            passed = [self._listener.fileno()]
        with self.app_log.open("ab") as output:
            self._app = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, pass_fds=passed
            )

    def stop_app(self) -> None:
        """Stop gunicorn as systemd does, and wait for its end."""
        _stop(self._app)
        self._app = None

    def reload_app(self) -> None:
        """Have gunicorn start new workers and let the old ones finish."""
        assert self._app is not None
        self._app.send_signal(signal.SIGHUP)

    def restart_app(self) -> None:
        """Stop gunicorn and start it anew."""
        self.stop_app()
        self.start_app()

    def start_nginx(self) -> None:
        """Write the configuration and start nginx."""
        assert self._nginx is None
        main = write_nginx(self.folder, self.deployment)
        with (self.folder / "nginx.log").open("ab") as output:
            self._nginx = subprocess.Popen([str(NGINX), "-c", str(main)], stdout=output, stderr=output)

    def stop_nginx(self) -> None:
        """Stop nginx at once, and wait for its end."""
        _stop(self._nginx)
        self._nginx = None

    def reload_nginx(self) -> None:
        """Have nginx read its configuration anew; old processes finish what they do."""
        assert self._nginx is not None
        write_nginx(self.folder, self.deployment)
        self._nginx.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """Stop whatever runs."""
        self.stop_nginx()
        self.stop_app()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def nginx_processes(self) -> list[int]:
        """Return the ids of nginx's processes."""
        return _family(self._nginx)

    def app_processes(self) -> list[int]:
        """Return the ids of gunicorn's processes, and of what they started."""
        return _family(self._app)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait for /readyz through nginx to answer 200; raises AssertionError with the logs."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and all(one and one.poll() is None for one in (self._app, self._nginx)):
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                pass  # nginx does not listen yet
            time.sleep(0.05)
        logs = [self.app_log, self.folder / "nginx.log", self.folder / "error.log"]
        said = "\n".join(log.read_text(encoding="utf-8", errors="replace") for log in logs if log.exists())
        raise AssertionError(f"the site did not come up:\n{said}")

    def index(self) -> None:
        """Bring the content in, as `flask index` does."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "index"]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, capture_output=True)

    # Requests

    def get(
        self, path: str, *, method: str = "GET", host: str | None = None, secure: bool | None = None, **headers: str
    ) -> Answer:
        """Ask nginx for a path exactly as written; `_` in a header's name stands for `-`."""
        connection = self._connection(secure)
        try:
            return _ask(connection, method, path, host or self.deployment.public_host, headers)
        finally:
            connection.close()

    def ask_app(self, path: str, *, method: str = "GET", host: str = "localhost", **headers: str) -> Answer:
        """Ask gunicorn itself."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        try:
            connection.sock.connect(self.deployment.socket)
            return _ask(connection, method, path, host, headers)
        finally:
            connection.close()

    def connect(self, *, secure: bool | None = None) -> socket.socket:
        """Return a connection to nginx that says nothing yet."""
        secure = self.deployment.tls if secure is None else secure
        plain = socket.create_connection(("127.0.0.1", self.https_port if secure else self.port), timeout=30)
        return _trusting().wrap_socket(plain, server_hostname=self.deployment.domain) if secure else plain

    def _connection(self, secure: bool | None) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.deployment.domain, timeout=30)
        connection.sock = self.connect(secure=secure)
        return connection


@contextmanager
def running(
    folder: Path,
    *,
    content: Path | None = None,
    data: Path | None = None,
    settings: Mapping[str, str] | None = None,
    activated: bool = False,
    **fields: Any,
) -> Iterator[Running]:
    """Run a site until the block ends; see the beginning of this file."""
    if data is not None:
        fields["data"] = str(data)
    deployment = deployment_in(folder, **fields)
    shutil.copytree(_published(), deployment.static, dirs_exist_ok=True)
    site = Running(folder, deployment, content or ROOT / "content", dict(settings or {}), activated)
    try:
        site.start_app()
        site.start_nginx()
        site.wait_until_ready()
        yield site
    finally:
        site.stop()


@cache
def _published() -> Path:
    """Return a folder with the static files as nginx serves them, made once by each process of tests."""
    folder = Path(tempfile.mkdtemp(prefix="matome-static-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    subprocess.run([sys.executable, "scripts/precompress.py", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    listener.listen(512)
    return listener


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.terminate()
        process.wait(timeout=30)


def _family(process: subprocess.Popen[bytes] | None) -> list[int]:
    found = [process.pid] if process is not None and process.poll() is None else []
    for one in found:
        try:
            children = Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii")
        except OSError:
            continue
        found.extend(int(child) for child in children.split())
    return found


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, host: str, headers: Mapping[str, str]
) -> Answer:
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())
