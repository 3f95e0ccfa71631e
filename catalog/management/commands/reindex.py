"""Make the word index and the kept counts anew from the records, or say how they differ."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.search import rebuilding


class Command(BaseCommand):
    help = "Rebuild the search index and the counts beside the lists from the records."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing, say what differs and fail if so"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["check"]:
            for name, count in rebuilding.rebuild().items():
                self.stdout.write(f"{name}: {count:,} indexed")
            return
        differences = list(rebuilding.differences())
        for line in differences:
            self.stdout.write(line)
        if differences:
            raise CommandError(f"{len(differences):,} differences. `reindex` puts them right.")
        self.stdout.write("The index agrees with the records.")
