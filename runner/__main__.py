"""``python -m runner``."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # `-m` puts the working folder in front: in a vault nobody trusts yet, its `json.py` would run.
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry) != Path.cwd()]

    from runner.cli import main

    main()
