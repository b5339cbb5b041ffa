"""Imported first by every entry point, for what has to be so before the rest is loaded.

What is loaded while a function starts does not become garbage, so looking through it for some, again and again as it
grows, is a tenth of the cold start for nothing.
"""

import gc
import logging

gc.disable()

# Lambda sets the root's level to that of the log. At DEBUG the SDK would log what it sends and is answered: what people
# say, and the secret that signs tickets; at INFO where it found its settings. Our own logger has a level of its own.
logging.getLogger().setLevel(max(logging.getLogger().level, logging.WARNING))


def over() -> None:
    """All is loaded. From here on garbage is looked for, among what is new."""
    gc.freeze()
    gc.enable()
