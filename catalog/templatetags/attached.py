"""What the list of attached files needs beside its record."""

from django import template
from django.conf import settings
from django.db.models import Model

from catalog.models.versioned import record_kind
from catalog.services.files import too_large

register = template.Library()


@register.filter
def kind(record: Model) -> str:
    """ "book", "author" or "publisher": how addresses name it."""
    return record_kind(record)


# The icons of types that people know by sight; everything else is a sheet of paper.
_ICONS = {
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/epub+zip": "book",
}
_FAMILIES = {"image": "image", "audio": "music", "video": "play", "text": "text"}


@register.filter
def looks_like(content_type: str) -> str:
    return _ICONS.get(content_type) or _FAMILIES.get(content_type.partition("/")[0], "")


@register.simple_tag
def limits() -> dict[str, int | str]:
    """How large a file may be, and what is said of one that is larger."""
    most = settings.MAX_FILE_MB
    return {"file_mb": most, "file_bytes": most << 20, "file_too_large": too_large(most)}
