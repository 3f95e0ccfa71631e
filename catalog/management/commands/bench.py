"""Run a benchmark of tests/benchmarks on the database in use."""

import importlib.util
from argparse import REMAINDER, ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Measure: `bench pages`, `bench import` … (tests/benchmarks/bench_<name>.py)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("arguments", nargs=REMAINDER, help="options of the benchmark itself")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR, "tests", "benchmarks")
        known = sorted(path.stem.removeprefix("bench_") for path in folder.glob("bench_*.py"))
        name = options["name"]
        if name not in known:
            there = ", ".join(known) or "none: they come with the source code"
            raise CommandError(f"There is no benchmark “{name}”. There are: {there}.")
        spec = importlib.util.spec_from_file_location(f"bench_{name}", folder / f"bench_{name}.py")
        assert spec is not None  # noqa: S101 - the file is there
        assert spec.loader is not None  # noqa: S101
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.main(options["arguments"])
