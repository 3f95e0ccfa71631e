"""Removes replaced pictures, abandoned uploads and what hung on records deleted long ago."""

from typing import Any

from django.core.management.base import BaseCommand

from catalog.services import tidying


class Command(BaseCommand):
    help = (
        "Remove files that nothing refers to: pictures replaced more than FILES_KEPT_DAYS ago, "
        "uploads whose form was never saved, files and notes of records deleted as long ago. "
        "The web process or the worker does the same once a day."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = tidying.tidy()
        self.stdout.write(
            f"Removed {done.files} files, {done.uploads} uploads; of deleted records "
            f"{done.attachments} attached files and {done.notes} notes."
        )
