"""``python -m sltk.cli``: the same as ``sltk``."""

import sys

from sltk.cli.main import main

sys.exit(main())
