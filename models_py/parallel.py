"""Work spread over threads so that the thread count changes nothing but the time.

Each task is computed whole by one worker on one OpenMP and one BLAS thread, and results come
back in the order of the tasks. scikit-learn's K-means gives other labels with two OpenMP threads
than with one, and a limit set around a pool does not hold inside it, so workers set their own.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS, whose limit belongs to the process, and OpenMP of this thread, at one thread."""
    with threadpool_limits(limits=1):
        yield


def _limit_worker() -> None:
    """OpenMP's limit belongs to the thread that sets it: set it in each worker, for good."""
    threadpool_limits(limits=1, user_api="openmp")


def ordered_map(
    function: Callable[[T], R], tasks: Iterable[T], *, threads: int, lookahead: int = 2
) -> Iterator[R]:
    """Yield `function(task)` in the order of `tasks`, on up to `threads` workers.

    At most `threads + lookahead` tasks are held at a time, so a stream of chunks stays a stream.
    """
    if threads == 1:
        yield from map(function, tasks)
    else:
        yield from _pooled(function, tasks, workers=threads, lookahead=lookahead)


def map_stream(function: Callable[[T], R], tasks: Iterable[T], *, threads: int) -> Iterator[R]:
    """As `ordered_map`, of tasks that take work to read: the thread that reads is one of them.

    One more than there are cores would have each wait for the others' turn at Python.
    """
    if threads == 1:
        yield from map(function, tasks)
    else:
        yield from _pooled(function, tasks, workers=threads - 1, lookahead=2)


def _pooled(
    function: Callable[[T], R], tasks: Iterable[T], *, workers: int, lookahead: int
) -> Iterator[R]:
    with ThreadPoolExecutor(workers, initializer=_limit_worker) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) >= workers + lookahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
