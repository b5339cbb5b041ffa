"""How a request's body travels in an event: as text, or as base64."""

import base64
import re

_TEXT = re.compile(r"text/.*|application/(json|javascript|xml|.*\+json|.*\+xml)", re.IGNORECASE)


def body_of(body: bytes, content_type: str | None) -> tuple[str, bool]:
    """The body for an event, and whether it is base64. Text is what has the type of a text, or none, and is UTF-8; a
    form is not, as with AWS.
    """
    kind = (content_type or "text/plain").partition(";")[0].strip()
    if _TEXT.fullmatch(kind):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True
