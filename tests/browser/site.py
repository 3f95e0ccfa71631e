"""A whole Colophon as `make run` starts it: a server process with a folder of its own."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "site_config.settings",
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "only-for-browser-tests-" + "0123456789" * 4,
    "HTTPS": "false",
}
PEOPLE = """
import sys, django; django.setup()
from accounts import roles
from accounts.models import User
for role in roles.Role:
    user = User(username=role.value)
    user.set_password(f"{role.value}-has-a-secret")
    user.save()
    roles.assign(user, role)
"""

SIGN_OUT = """
import django; django.setup()
from django.contrib.sessions.models import Session
Session.objects.all().delete()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """`folder` is the VAR_DIR: database, uploads, collected files, and the server's log."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {"PATH", "HOME", "LANG", "TMPDIR"}
        self.environment = {
            **{name: os.environ[name] for name in inherited if name in os.environ},
            **SETTINGS,
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            **settings,
        }
        self.server: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @property
    def token(self) -> str:
        """What the console said to whoever opens an empty installation."""
        found = re.search(r"\?token=(\w+)", self.log)
        assert found, f"no token was announced:\n{self.log}"
        return found[1]

    def manage(self, *arguments: str) -> str:
        return self._python("manage.py", *arguments)

    def add_people(self) -> None:
        """One person a role; the password is “<name>-has-a-secret”."""
        self._python("-c", PEOPLE)

    def sign_everybody_out(self) -> None:
        """As when their sessions have run out."""
        self._python("-c", SIGN_OUT)

    def _python(self, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def copy(self, folder: Path) -> Self:
        """Another site with the same data; collected files are shared, nobody changes them."""
        folder.mkdir()
        for path in self.folder.iterdir():
            if path.name == "static":
                (folder / "static").symlink_to(path)
            elif path.is_dir():
                shutil.copytree(path, folder / path.name)
            elif path.name != "server.log":
                shutil.copy(path, folder / path.name)
        return type(self)(folder)

    def start(self) -> Self:
        command = [sys.executable, "-m", "uvicorn", "site_config.asgi:application"]
        with (self.folder / "server.log").open("ab") as log:
            self.server = subprocess.Popen(
                [*command, "--port", str(self.port), "--log-level", "warning"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        for _attempt in range(200):
            assert self.server.poll() is None, f"the server ended:\n{self.log}"
            try:
                urllib.request.urlopen(f"{self.url}/accounts/login/", timeout=10).close()  # noqa: S310
                return self
            except urllib.error.HTTPError as error:
                raise AssertionError(f"{error}:\n{self.log}") from error
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not answer within 20 s:\n{self.log}")

    def stop(self) -> None:
        if self.server and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(15)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def kill(self) -> None:
        """As a power cut would: nothing is said, nothing is finished."""
        assert self.server
        self.server.kill()
        self.server.wait()
