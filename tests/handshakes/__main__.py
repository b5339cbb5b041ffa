"""`python -m tests.handshakes` writes site/lab/handshakes.json."""

from tests.handshakes.record import write

write()
