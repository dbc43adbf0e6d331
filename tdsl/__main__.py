"""`python -m tdsl` is the `tdsl` command: arguments in, its exit status out."""

import sys

from tdsl.cli import main

if __name__ == "__main__":
    sys.exit(main())
