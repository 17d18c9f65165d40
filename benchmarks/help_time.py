"""`kirie --help` against `import torch`, each in a fresh process.

Expectation: under 0.25 of the time of `python -c "import torch"` (the light half starts in a blink).

    python benchmarks/help_time.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time


def seconds(words: list[str], rounds: int = 5) -> float:
    """Median wall time of a command."""
    spent = []
    for _ in range(rounds):
        since = time.perf_counter()
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        spent.append(time.perf_counter() - since)
    return statistics.median(spent)


def main() -> None:
    """Prints one JSON object."""
    ours = seconds([sys.executable, "-m", "kirie", "--help"])
    torch = seconds([sys.executable, "-c", "import torch"])
    print(
        json.dumps(
            {
                "benchmark": "help_time",
                "kirie_help_s": round(ours, 3),
                "import_torch_s": round(torch, 3),
                "ratio": round(ours / torch, 4),
                "bar": 0.25,
            }
        )
    )


if __name__ == "__main__":
    main()
