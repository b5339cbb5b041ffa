"""Imported first by every entry point: what is loaded while a function starts does not become garbage, so looking
through it for some, again and again as it grows, is a tenth of the cold start for nothing.
"""

import gc

# Python looks after 700 (3.11) or 2,000 (3.13) new objects. An invocation makes some thousands, most of which need
# no looking for; this many take a few megabytes.
gc.set_threshold(100_000)
