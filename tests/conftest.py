"""Workers that test side by side share the processors: linear algebra takes a thread in each."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
