"""How a request's body travels in an event: as text, or as base64.

Which types count as text is in no documentation; these are what was seen of AWS (contract W08).
"""

import base64
import re

_TEXT = re.compile(r"text/.*|application/(json|javascript|xml)", re.IGNORECASE)


def body_of(body: bytes, content_type: str | None) -> tuple[str, bool]:
    """The body for an event, and whether it is base64. Text is what has the type of a text and is UTF-8, so neither a
    form nor what has no type.
    """
    kind = (content_type or "").partition(";")[0].strip()
    if _TEXT.fullmatch(kind):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
