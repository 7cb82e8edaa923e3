"""`python -m local serve --root FOLDER --mode real|control-plane`: be the local cloud."""

from __future__ import annotations

import argparse
from pathlib import Path

from local import daemon


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="local", description="The local cloud's process.")
    commands = parser.add_subparsers(required=True)
    serve = commands.add_parser("serve", help="serve until SIGTERM")
    serve.add_argument("--root", type=Path, required=True, help="the folder that holds everything")
    serve.add_argument("--mode", choices=daemon.MODES, default="real")
    arguments = parser.parse_args()
    daemon.serve(arguments.root, arguments.mode)


if __name__ == "__main__":
    main()
