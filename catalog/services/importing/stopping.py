"""The flag by which a server or worker that shuts down asks its jobs to stop at the next chunk."""

import mmap


class StopFlag:
    """Like threading.Event, but one that processes forked later see as well.

    The worker's main process hears the signal; the job runs in one of its children.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)  # anonymous memory, shared with children

    def set(self) -> None:
        self._byte[0] = 1

    def clear(self) -> None:
        self._byte[0] = 0

    def is_set(self) -> bool:
        return self._byte[0] == 1


STOP = StopFlag()
