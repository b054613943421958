"""``python -m cxkit`` does what the command ``cxkit`` does."""

import sys

from cxkit.cli import main

sys.exit(main())
