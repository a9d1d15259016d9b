"""`python -m engine`: the command line.

Python puts the current folder first on `sys.path`, where any file may be called like a module of Python's own. It
is taken off before anything else is imported. What Python imports itself until it has found this module, and
another `engine` in the folder, only `python -P -m engine` or the command `engine` keeps out.
"""

import os
import sys
from importlib import import_module


def leave_out_current_folder() -> None:
    """Take the folder that Python has put first on `sys.path` off it, if that is the current one."""
    try:
        current = os.getcwd()  # noqa: PTH109 - `pathlib` is not imported yet
    except OSError:  # it is gone, and then Python has put nothing
        return
    if not sys.flags.safe_path and sys.path[:1] in ([""], [current]):
        del sys.path[0]


def run() -> None:
    """Run the command of this process."""
    leave_out_current_folder()
    signal = import_module("signal")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Until the command hears it itself, Ctrl-C ends the process without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    import_module("engine.cli").main()


if __name__ == "__main__":
    run()
