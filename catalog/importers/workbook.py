"""Reading a spreadsheet that somebody sent, from the safe side: a child process opens it.

The child (`reader`) may be killed by a hostile file at any moment; all that arrives here is JSON
of limited length, one row at a time, so memory does not grow with the file. No Django here.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, TypeAlias

from catalog.child import child_environment
from catalog.importers.guard import UnreadableFile

__all__ = [
    "Cell",
    "FileInfo",
    "Options",
    "RawRow",
    "SheetInfo",
    "UnreadableFile",
    "inspect",
    "rows",
    "sample",
]

MEMORY_MB = 1024  # a million rows of eight columns need about 800
CPU_SECONDS = 120
SILENCE_SECONDS = 300  # wall time that the child may be silent, on a machine that is busy
MAX_LINE = 32 << 20  # bytes; the child itself refuses rows of 8 million characters

logger = logging.getLogger(__name__)

Cell: TypeAlias = str | int | float | bool | dict[str, str] | None


@dataclass(frozen=True)
class Options:
    """What the person settled about a file; empty means: find out."""

    sheet: str = ""
    header_row: int | None = None  # counted from 1; 0: the file has none
    encoding: str = ""
    delimiter: str = ""


@dataclass(frozen=True)
class SheetInfo:
    name: str
    rows: int  # filled ones, titles and header included
    columns: int
    visible: bool


@dataclass(frozen=True)
class FileInfo:
    kind: str  # xlsx, xls, ods, csv
    sheets: list[SheetInfo]
    encoding: str = ""
    encoding_sure: bool = True
    delimiter: str = ""
    notes: list[dict[str, Any]] = field(default_factory=list)  # for messages.sentence


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as the child wrote it: `raw` is the JSON of `cells`, to be stored unchanged."""

    number: int
    raw: str
    cells: list[Cell]


def inspect(path: str | os.PathLike, options: Options = Options(), *, max_mb: int) -> FileInfo:
    """Look the whole file over: every problem that can be known before importing is raised here.

    Raises UnreadableFile, whose `message()` is for the person.
    """
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        raise UnreadableFile("gone") from None
    if size > max_mb << 20:
        raise UnreadableFile("too_large", size_mb=-(-size >> 20), max_mb=max_mb)
    with _reading(path, options, "inspect") as reader, closing(reader.messages()) as messages:
        return _file_info(reader.control(next(messages)).get("info"))


def sample(path: str | os.PathLike, options: Options, limit: int = 200) -> list[RawRow]:
    """The first rows from the top of the sheet, blank ones left out; header_row is not heeded."""
    with _reading(path, options, "rows", limit=limit) as reader:
        return list(reader.rows())


@contextmanager
def rows(
    path: str | os.PathLike, options: Options, *, after: int = 0
) -> Generator[Iterator[RawRow], None, None]:
    """The filled rows below the header with a number above `after`.

    Without a header row (0 or None) they begin at the top. The child ends with the block,
    however much was read. Call `inspect` first: this looks at the file less closely.
    """
    start = max(after, options.header_row or 0)
    with _reading(path, options, "rows", after=start) as reader:
        yield reader.rows()


def _file_info(info: Any) -> FileInfo:
    try:
        return FileInfo(
            kind=str(info["kind"]),
            sheets=[
                SheetInfo(
                    name=str(sheet["name"]),
                    rows=int(sheet["rows"]),
                    columns=int(sheet["columns"]),
                    visible=bool(sheet["visible"]),
                )
                for sheet in info["sheets"]
            ],
            encoding=str(info.get("encoding", "")),
            encoding_sure=bool(info.get("encoding_sure", True)),
            delimiter=str(info.get("delimiter", "")),
            notes=[
                {"code": str(note["code"]), "params": dict(note["params"])}
                for note in info["notes"]
            ],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnreadableFile("damaged") from error


# --- The child --------------------------------------------------------------------------------


@contextmanager
def _reading(
    path: str | os.PathLike, options: Options, command: str, *, after: int = 0, limit: int = 0
) -> Generator["_Reader", None, None]:
    request = {
        "command": command,
        "path": os.path.abspath(path),
        "sheet": options.sheet,
        "encoding": options.encoding,
        "delimiter": options.delimiter,
        "after": after,
        "limit": limit,
        "memory_mb": MEMORY_MB,
        "cpu_seconds": CPU_SECONDS,
    }
    with tempfile.TemporaryFile() as log:
        # No preexec_fn: it is not safe in a process with threads. The child limits itself.
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-S", "-P", "-m", "catalog.importers.reader", json.dumps(request)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=child_environment("python_calamine"),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us, and we end the child
        )
        try:
            yield _Reader(process, log)
        finally:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()


class _Reader:
    """What a running child writes, distrusted."""

    def __init__(self, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        # What `raw_decode` calls; not in the type stubs.
        self._scan: Callable[[str, int], tuple[Any, int]] = vars(json.JSONDecoder())["scan_once"]

    def rows(self) -> Iterator[RawRow]:
        """Every row up to the child's own end; a child that dies before it is an error."""
        scan = self._scan
        for text in self.messages():
            number, _, raw = text.partition("\t")
            if number[:1] == "{":
                if "end" in self.control(text):
                    return
                raise UnreadableFile("damaged")
            try:
                cells, end = scan(raw, 0)
                if end != len(raw) or cells.__class__ is not list:
                    raise ValueError("not a row")
                row = RawRow(int(number), raw, cells)
            except (ValueError, StopIteration, RecursionError) as error:
                raise UnreadableFile("damaged") from error
            yield row

    def messages(self) -> Generator[str, None, None]:
        """The lines as they come, never an end: who has seen the last one stops asking.

        Waits no longer than SILENCE_SECONDS for the next ones.
        """
        stream = self._process.stdout
        if stream is None:  # never: stdout is a pipe
            return
        pipe = stream.fileno()
        poll = select.poll()
        poll.register(pipe, select.POLLIN | select.POLLHUP)
        waiting = b""
        while True:
            if not poll.poll(SILENCE_SECONDS * 1000):
                raise UnreadableFile("timeout", seconds=SILENCE_SECONDS)
            block = os.read(pipe, 1 << 18)
            if not block:
                break
            head, newline, tail = block.rpartition(b"\n")
            if not newline:
                waiting += block
                if len(waiting) > MAX_LINE:
                    raise UnreadableFile("damaged")
                continue
            try:
                yield from (waiting + head).decode().split("\n")
            except UnicodeDecodeError as error:
                raise UnreadableFile("damaged") from error
            waiting = tail
        raise self._death()

    def control(self, text: str) -> dict[str, Any]:
        """A message about the whole; raises the error that it may hold."""
        try:
            message = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UnreadableFile("damaged") from error
        if not isinstance(message, dict):
            raise UnreadableFile("damaged")
        if "error" in message:
            params = message.get("params")
            if message["error"] == "damaged":
                self._write_log("found a damaged file")
            raise UnreadableFile(str(message["error"]), **(params if params else {}))
        return message

    def _death(self) -> UnreadableFile:
        """Why the child ended without a word."""
        code = self._process.wait()
        self._write_log(f"died with {code}")
        if code in {-signal.SIGXCPU, -signal.SIGKILL}:
            return UnreadableFile("timeout", seconds=CPU_SECONDS)
        if code in {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS}:
            return UnreadableFile("memory")  # how Rust reacts to an allocation that fails
        return UnreadableFile("damaged")

    def _write_log(self, what: str) -> None:
        self._log.seek(0)
        said = self._log.read(4096).decode("utf-8", "replace").strip()
        logger.warning("The reader process %s: %s", what, said or "(it said nothing)")
