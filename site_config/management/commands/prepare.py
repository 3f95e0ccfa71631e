"""`manage.py prepare`: what has to be in order before a server starts."""

import hashlib
import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils._os import safe_join

from site_config import checks

STAMP = "collected.sha256"


def fingerprint() -> str:
    """Changes when a static file, or the package that it comes from, does."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    ignore: list[str] = apps.get_app_config("staticfiles").ignore_patterns  # type: ignore[attr-defined]
    for finder in get_finders():
        for path, storage in sorted(finder.list(ignore), key=lambda found: found[0]):
            about = Path(storage.path(path)).stat()
            digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class Command(BaseCommand):
    help = "Bring the database and the static files up to date; quick when they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--static",
            action="store_true",
            help="only the static files: for web processes with a file system of their own",
        )
        parser.add_argument("--port", type=int, help="stop when something else listens there")

    def handle(self, *, static: bool, port: int | None, verbosity: int, **options: Any) -> None:
        sentences = checks.contradictions()
        if sentences:
            raise CommandError(" ".join(sentences))
        if port is not None:
            self.check_port(port)
        if not static:
            self.update_database(verbosity)
        self.collect(verbosity)

    def check_port(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CommandError(
                    f"Something else listens on port {port} already. Stop it, or choose another "
                    f"port: make run PORT={port + 1}"
                ) from None

    def update_database(self, verbosity: int) -> None:
        call_command("migrate", interactive=False, verbosity=max(verbosity - 1, 0))
        if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
            call_command("createcachetable", verbosity=max(verbosity - 1, 0))

    def collect(self, verbosity: int) -> None:
        """The stamp is written last: an interrupted collection is done again."""
        stamp = Path(safe_join(settings.STATIC_ROOT, STAMP))
        wanted = fingerprint()
        if stamp.is_file() and stamp.read_text(encoding="ascii") == wanted:
            return
        if verbosity:
            self.stdout.write("Collecting static files …")
        call_command("collectstatic", interactive=False, clear=True, verbosity=verbosity - 1)
        stamp.write_text(wanted, encoding="ascii")
