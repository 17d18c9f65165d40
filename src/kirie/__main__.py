"""`python -m kirie`, for launchers that start a module (torchrun, srun)."""

import sys

from kirie.cli import main

sys.exit(main())
