"""Pieces of pages that many requests share, kept in the process until the catalogue changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from django.db import connection

T = TypeVar("T")


class Remembered(Generic[T]):
    """The latest few results. The key holds everything that a result depends on."""

    def __init__(self, most: int = 256) -> None:
        self.most = most
        self.lock = Lock()
        self.results: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        if connection.in_atomic_block:  # it may see what no other does, and what is rolled back
            return make()
        with self.lock:
            if key in self.results:
                self.results.move_to_end(key)
                return self.results[key]
        result = make()  # two requests may both do it: cheaper than one waiting for the other
        with self.lock:
            self.results[key] = result
            while len(self.results) > self.most:
                self.results.popitem(last=False)
        return result
