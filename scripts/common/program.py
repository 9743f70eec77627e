"""Running a program: what ends it, and the exit code and the one message it ends with."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Callable

from common.console import FAILED, Problem, record, warn


class Stopped(BaseException):
    """The process was asked to end.

    A library that is interrupted may raise another error instead; `is_asked` tells then.
    """

    is_asked = False


def _stop(*_: object) -> None:
    Stopped.is_asked = True
    raise Stopped


def stop_on_signals() -> None:
    """End as an interrupt from the keyboard would when asked to end, so that temporary data goes.

    What ignores a hang-up, as under nohup, keeps ignoring it.
    """
    usual = (signal.SIG_DFL, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) in usual:
            signal.signal(number, _stop)


def _stopped() -> int:
    warn("Stopped. What was published before is untouched.", "error")
    return FAILED


def run(main: Callable[[], int | None]) -> int:
    """Run a command and return its exit code; a `Problem` becomes one message."""
    stop_on_signals()
    try:
        code = main() or 0
    except Problem as problem:
        warn(f"Error: {problem}", "error")
        code = problem.exit_code
    except (KeyboardInterrupt, Stopped):
        code = _stopped()
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    except (OSError, MemoryError) as error:
        # What the machine refuses anywhere (room, rights, memory) is one line too.
        from common.system_errors import problem_of

        refused = problem_of(error, "the command")
        if refused is None:
            raise
        warn(f"Error: {refused}", "error")
        code = refused.exit_code
    except Exception:
        if Stopped.is_asked:
            code = _stopped()
        else:
            # Not foreseen: the message may hold data, so it is not left to Python to show it.
            warn(traceback.format_exc(), "error")
            code = FAILED
    record(stage="end", exit_code=code)
    return code
