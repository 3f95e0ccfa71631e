"""Reading settings from the environment: each malformed value gets a sentence that names it.

`NAME_FILE` may point to a file that holds the value (how containers hand over secrets).
"""

import os
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class Environment:
    """Typed look-ups in an environment; an empty value counts as not set."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values: Mapping[str, str] = os.environ if values is None else values

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name, "").strip()
        path = self.values.get(f"{name}_FILE", "").strip()
        if value and path:
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}.") from error
        return value or default

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be true or false, not “{value}”.")

    def number(self, name: str, default: int, minimum: int = 0) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number, not “{value}”.") from None
        if number < minimum:
            raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
        return number

    def words(self, name: str, default: str = "") -> list[str]:
        """A comma-separated list."""
        return [word for part in self.text(name, default).split(",") if (word := part.strip())]

    def url(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        """A URL with one of the given schemes."""
        value = self.text(name, default)
        if value and value.partition("://")[0] not in schemes:
            wanted = ", ".join(f"{scheme}://…" for scheme in schemes)
            raise ImproperlyConfigured(f"{name} must look like {wanted}.")
        return value
