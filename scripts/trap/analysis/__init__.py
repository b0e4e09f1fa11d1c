"""From items to statistics to claims: what every study gets, and how one adds to it (`extension.py`)."""

import os

# Matrices here are small, and threads that share one mostly wait for each other. This must stand before numpy is
# imported.
for _library in ("OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
