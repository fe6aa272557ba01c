"""A process that writes a plugin and kills itself on the way: `-m tests.kernel.dying_scaffold ROOT NAME AT`.

AT is the file before which it dies, counted from 0.
"""

import os
import signal
import sys
from pathlib import Path

from girok.scaffold import write_plugin


def main(root: Path, name: str, at: int) -> None:
    left = at

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event == "open" and args[1] == "w":
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    sys.addaudithook(watch)
    write_plugin(name, root)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
