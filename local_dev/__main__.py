"""The command `parley`; in a clone, `python -m local_dev`.

Nearly empty, so that Ctrl-C is heeded while the rest is imported.
"""

import sys


def main() -> int:
    """Run the command; its exit status: 0 after Ctrl-C, 1 where it cannot start, 2 for a bad command line."""
    try:
        if sys.argv[1:2] == ["ticket"]:
            from .ticket_command import run as ticket  # noqa: PLC0415

            return ticket(sys.argv[2:])
        from .command import run  # noqa: PLC0415

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
