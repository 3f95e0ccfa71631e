"""What cleaning costs a row, without reading the file and without the database.

    manage.py bench cleaning FILE.csv

CPU time of this process, the best of five runs over the whole file, and the memory that the
survey and the row reader hold at its end.
"""

import argparse
import csv
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from catalog.importers.columns import Survey
from catalog.importers.rows import RowReader

RUNS = 5


def microseconds(work: Callable[[], object], rows: int) -> float:
    best = float("inf")
    for _run in range(RUNS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best / rows * 1e6


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="manage.py bench cleaning")
    parser.add_argument("file", type=Path, help="a CSV file in UTF-8 with a header")
    with parser.parse_args(arguments).file.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)

    def survey() -> Survey:
        found = Survey()
        for cells in rows:
            found.feed(cells)
        return found

    guesses = survey().finish(header)
    mapping = {guess.index: guess.field for guess in guesses}
    options = {guess.index: guess.options for guess in guesses}

    def read() -> RowReader:
        reader = RowReader(mapping, options)
        for cells in rows:
            reader.read(cells)
        return reader

    for name, work in (("Survey", survey), ("RowReader", read)):
        cost = microseconds(work, len(rows))
        tracemalloc.start()
        kept = work()  # held until it has been measured
        memory = tracemalloc.get_traced_memory()[0] / 1e6
        tracemalloc.stop()
        del kept
        print(f"{name:10} {cost:6.1f} µs a row of {len(header)} columns, {memory:.1f} MB held")  # noqa: T201
