# SPDX-License-Identifier: BSD-2-Clause
"""How the programs of this folder end."""
import os
import sys


def end(name, main, *errors):
    """Exits with what `main` returns, or after one line on standard error if it raises one of `errors` or if standard
    output cannot be written."""
    try:
        status = main()
        sys.stdout.flush()
    except (OSError, *errors) as error:
        print(f"{name}: {error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left would be tried again at the exit
        status = 1
    sys.exit(status)
