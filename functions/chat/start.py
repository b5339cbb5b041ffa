"""Imported first by every entry point: what is loaded while a function starts does not become garbage, so looking
through it for some, again and again as it grows, is a tenth of the cold start for nothing.
"""

import gc

gc.disable()


def over() -> None:
    """All is loaded. From here on garbage is looked for, among what is new."""
    gc.freeze()
    gc.enable()
