"""`python -m karst_local`: run the platform on this machine.

`karst up` starts it, and says on standard input which deployment it rehearses.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings

from karst_local.faults import Exit, LocalError, full_disk_named
from karst_local.progress import Progress, Terminal


def main() -> None:
    """Run until stopped, and end with an exit code of `Exit`."""
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # a folder of desktops, which few servers have
    progress = Progress(Terminal(highlight=False))
    code = _run(progress)
    sys.stdout.flush()
    if code is Exit.INTERRUPTED:
        os._exit(code)  # requests that hang in threads would keep the process
    sys.exit(code)


def _run(progress: Progress) -> Exit:
    # Imported here, so that Ctrl-C during the slow imports ends without a traceback too.
    try:
        with progress.waiting("Loading the services"):
            from karst_local.options import read_options  # noqa: PLC0415
            from karst_local.run import run  # noqa: PLC0415

        options = read_options(sys.argv[1:])
        with full_disk_named(options.state):
            code = asyncio.run(run(options, progress))
    except LocalError as error:
        progress.fail(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    progress.show("Stopped." if code is Exit.OK else "Stopped at once.")
    return code


if __name__ == "__main__":
    main()
