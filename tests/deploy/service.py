"""Do for a test what systemd does on a server: hold the site's socket, start what the unit says, restart it when asked.

The unit is the one that `flask deploy-config` writes; its sandbox is not made (that is systemd's own).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

FROM_THE_FOURTH = 'exec 3<&"$FROM"; export LISTEN_PID=$$; exec "$@"'
"""The program finds its socket as the fourth descriptor (sd_listen_fds), and that it is meant by its own id."""


def unit_values(unit: str) -> dict[str, str]:
    """Return the settings of a unit, of those that are named twice the last."""
    lines = (line for line in unit.splitlines() if "=" in line and not line.startswith(("#", "[")))
    return dict(line.split("=", 1) for line in lines)


def read_environment(path: Path) -> dict[str, str]:
    """Read a file of settings as systemd does."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


class Service:
    """A socket that stays, and a program behind it that comes and goes."""

    def __init__(self, unit: str, listen: Path, log: Path) -> None:
        self.values = unit_values(unit)
        self.listen = listen
        self.log = log
        self.control = listen.with_name("control.sock")
        self._process: subprocess.Popen[bytes] | None = None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(listen))
        self._socket.listen(512)
        self._control = socket.socket(socket.AF_UNIX)
        self._control.bind(str(self.control))
        self._control.listen()
        threading.Thread(target=self._obey, daemon=True).start()

    @property
    def restart_command(self) -> str:
        """Return a command that restarts the service and ends when it is ready, as `systemctl restart` does."""
        code = (
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); sys.exit(s.recv(1) != b'1')"
        )
        return shlex.join([sys.executable, "-c", code, str(self.control)])

    def start(self) -> None:
        """Start the program and wait until it says READY=1; raises RuntimeError with the log."""
        notify = self.listen.with_name("notify.sock")
        notify.unlink(missing_ok=True)
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment |= read_environment(Path(self.values["EnvironmentFile"]))
        environment |= {"NOTIFY_SOCKET": str(notify), "LISTEN_FDS": "1", "FROM": str(self._socket.fileno())}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told, self.log.open("ab") as output:
            told.bind(str(notify))
            told.settimeout(60)
            self._process = subprocess.Popen(
                ["bash", "-c", FROM_THE_FOURTH, "-", *shlex.split(self.values["ExecStart"])],
                cwd=self.values["WorkingDirectory"],
                env=environment,
                pass_fds=[self._socket.fileno()],
                stdout=output,
                stderr=output,
            )
            try:
                assert told.recv(1000).startswith(b"READY=1")
            except TimeoutError:
                raise RuntimeError(self.log.read_text(encoding="utf-8")) from None

    def stop(self) -> None:
        """End the program and wait for it, as KillMode=mixed does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(int(self.values["TimeoutStopSec"]))

    def reload(self) -> None:
        """Do what ExecReload= says."""
        assert self._process is not None
        command = self.values["ExecReload"].replace("$MAINPID", str(self._process.pid))
        subprocess.run(shlex.split(command), check=True)

    def close(self) -> None:
        """Stop, and give up the socket."""
        self.stop()
        self._socket.close()
        self._control.close()

    def _obey(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                asked, _ = self._control.accept()
                with asked:
                    self.stop()
                    self.start()
                    asked.sendall(b"1")


@contextlib.contextmanager
def serving(unit: str, listen: Path, log: Path) -> Iterator[Service]:
    """Run a service for as long as a test lasts."""
    service = Service(unit, listen, log)
    try:
        service.start()
        yield service
    finally:
        service.close()
