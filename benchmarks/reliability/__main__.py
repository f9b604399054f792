"""Try to break detente, and write what came of it.

    python -m benchmarks.reliability [SECTION ...] [--seed 0] [--share 1.0]

Sections: scenarios, files, crashes, page, clusters; all of them by default. Each is bounded in time
and can be run by itself; results.json keeps the last run of each, from which docs/reliability.md is
written anew. `--share 0.1` makes a tenth of the trials, and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from reliability.sections import SECTIONS
from reliability.writing import keep, write_page


def main() -> int:
    """Run what is asked for; 1 if anything was as it must not be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=1.0)
    asked = parser.parse_args()
    unknown = set(asked.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {min(unknown)!r}: {', '.join(SECTIONS)}")
    faults = 0
    for name in asked.sections or SECTIONS:
        print(f"{name}, seed {asked.seed}, from {time.strftime('%H:%M:%S')}", flush=True)
        found = {"seed": asked.seed, **SECTIONS[name](asked.share, asked.seed)}
        print(f"  {found['seconds']} s: {found['counts']}; largest {found['largest']}", flush=True)
        faults += len(found["faults"])
        if asked.share == 1:
            keep(name, found)
    if asked.share == 1:
        write_page()
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
