"""Command line: `python -m thermo run my.toml --out DIR`; see `thermo.scenario.commands`."""

import sys

from thermo.scenario.commands import main

if __name__ == "__main__":
    sys.exit(main())
