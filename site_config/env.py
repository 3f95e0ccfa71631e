"""Reading settings from the environment: each malformed value gets a sentence that names it.

`NAME_FILE` may point to a file that holds the value (how containers hand over secrets).
"""

import os
import re
import sys
import zoneinfo
from collections.abc import Mapping
from email.utils import getaddresses
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
HOST = re.compile(r"\*|\.?[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]+\]")


def bucket_origins(bucket: str, endpoint: str | None, region: str | None) -> list[str]:
    """Where signed links into an S3 bucket may lead, for the Content-Security-Policy."""
    if endpoint:
        parts = urlsplit(endpoint)
        return [f"{parts.scheme}://{parts.netloc}"]
    hosts = ["s3.amazonaws.com"] + ([f"s3.{region}.amazonaws.com"] if region else [])
    if "." in bucket:  # no certificate covers such a host: the bucket is part of the path
        return [f"https://{host}/{bucket}/" for host in hosts]
    return [f"https://{bucket}.{host}" for host in hosts]


class SettingError(ImproperlyConfigured):
    """A wrong value in the environment; the message is all that the operator needs."""


class Environment:
    """Typed look-ups in an environment; an empty value counts as not set."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values: Mapping[str, str] = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name, "").strip()
        path = self.values.get(f"{name}_FILE", "").strip()
        if value and path:
            raise SettingError(f"Set {name} or {name}_FILE, not both.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SettingError(f"{name}_FILE cannot be read: {error}.") from error
        return value or default

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise SettingError(f"{name} must be true or false, not “{value}”.")

    def number(self, name: str, default: int, minimum: int = 0, maximum: int | None = None) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise SettingError(f"{name} must be a whole number, not “{value}”.") from None
        if number < minimum:
            raise SettingError(f"{name} must be at least {minimum}, not {number}.")
        if maximum is not None and number > maximum:
            raise SettingError(f"{name} must be at most {maximum}, not {number}.")
        return number

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word for part in self.text(name, default).split(",") if (word := part.strip())]

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise SettingError(f"{name} must be one of {', '.join(choices)}; not “{value}”.")
        return value

    def url(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        """A URL with one of the given schemes."""
        value = self.text(name, default)
        if value:
            self._check_url(name, value, schemes)
        return value

    def secret_key(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise SettingError(
                f"{name} must be a long random text, such as the output of `openssl rand -hex 32`. "
                "`make run` writes one into .env for you."
            )
        if len(value) < 50 or len(set(value)) < 5:
            raise SettingError(
                f"{name} must be at least 50 random characters, such as the output of "
                f"`openssl rand -hex 32`; this one has {len(value)}."
            )
        return value

    def hosts(self, name: str, default: str) -> list[str]:
        hosts = self.words(name, default)
        for host in hosts:
            if not HOST.fullmatch(host):
                raise SettingError(
                    f"{name} must be host names separated by commas, such as books.example.org, "
                    f"without https:// and without a port; not “{host}”."
                )
        return hosts

    def origins(self, name: str) -> list[str]:
        origins = self.words(name)
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
                raise SettingError(
                    f"{name} must be addresses separated by commas, such as "
                    f"https://books.example.org, without a path; not “{origin}”."
                )
        return origins

    def people(self, name: str) -> list[tuple[str, str]]:
        """Names and e-mail addresses: `Mara <mara@example.org>, jo@example.org`."""
        people = getaddresses([self.text(name)]) if self.text(name) else []
        for _name, address in people:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
                raise SettingError(
                    f"{name} must be e-mail addresses separated by commas, such as "
                    f"Mara Keller <mara@example.org>; not “{self.text(name)}”."
                )
        return people

    def time_zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if value not in zoneinfo.available_timezones():
            raise SettingError(
                f"{name} must be the name of a time zone, such as Europe/Vienna; not “{value}”."
            )
        return value

    def folder(self, name: str, default: Path) -> Path:
        """A folder, made when it is not there."""
        path = Path(self.text(name, str(default))).resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingError(
                f"{name} must be a folder that can be written to: {error}."
            ) from None
        return path

    def database(self, name: str, default: Path) -> dict[str, Any]:
        """Django's settings for a database URL, or for the SQLite file that is the default."""
        value = self.text(name)
        if not value:
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(default)}
        examples = (
            "postgres://user:password@host:5432/name, mysql://user:password@host:3306/name "
            "or sqlite:////folder/file.sqlite3"
        )
        self._check_url(name, value, ("postgres", "postgresql", "mysql", "sqlite"), examples)
        config = dict(environ.Env.db_url_config(value))
        if not config["NAME"] or config["NAME"] == ":memory:":
            what = "a file" if config["ENGINE"].endswith("sqlite3") else "a database"
            raise SettingError(f"{name} must name {what}: {examples}.")
        if config["ENGINE"].endswith("sqlite3") and not Path(config["NAME"]).parent.is_dir():
            raise SettingError(
                f"{name} must name a file in a folder that exists, not “{config['NAME']}”."
            )
        return config

    def cache(self, name: str) -> dict[str, Any]:
        """Django's settings for a cache URL; local memory without one."""
        value = self.text(name, "locmemcache://")
        examples = (
            "redis://host:6379/1, rediss://…, pymemcache://host:11211, dbcache://table, "
            "filecache:///folder or locmemcache://"
        )
        schemes = ("redis", "rediss", "pymemcache", "dbcache", "filecache", "locmemcache")
        self._check_url(name, value, schemes, examples)
        config = dict(environ.Env.cache_url_config(value))
        if not config["LOCATION"] and not value.startswith("locmemcache:"):
            raise SettingError(f"{name} must look like {examples}.")
        return {"KEY_PREFIX": "colophon", **config}

    def email(self, name: str) -> dict[str, Any]:
        """Django's EMAIL_ settings; without a URL mail is printed on the console."""
        value = self.text(name, "consolemail://")
        examples = (
            "smtp+tls://user:password@host:587, smtp+ssl://user:password@host:465, smtp://host:25 "
            "or consolemail://"
        )
        schemes = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "dummymail")
        self._check_url(name, value, schemes, examples)
        config = {key: part for key, part in environ.Env.email_url_config(value).items() if part}
        if value.startswith("smtp") and "EMAIL_HOST" not in config:
            raise SettingError(f"{name} must look like {examples}.")
        return config

    @staticmethod
    def _check_url(
        name: str, value: str, schemes: tuple[str, ...], examples: str | None = None
    ) -> None:
        """The value itself stays out of the sentence: it may hold a password."""
        wanted = examples or " or ".join(f"{scheme}://…" for scheme in schemes)
        try:
            parts = urlsplit(value)
            well_formed = parts.scheme in schemes and "://" in value
            _port = parts.port  # raises for one that is no number
        except ValueError:
            well_formed = False
        if not well_formed:
            raise SettingError(f"{name} must look like {wanted}.")


def show_setting_errors_in_one_line() -> None:
    """End any process of ours with the sentence alone when a setting is wrong."""
    previous = sys.excepthook

    def show(
        kind: type[BaseException], error: BaseException, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, SettingError):
            sys.stderr.write(f"Colophon cannot start. {error}\n")
        else:
            previous(kind, error, traceback)

    sys.excepthook = show
