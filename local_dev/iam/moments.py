"""Moments as signatures write them: 20261122T220141Z."""

import calendar
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_FORM = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)


@lru_cache(maxsize=1024)
def epoch(text: str) -> int | None:
    """Epoch seconds of a moment in ISO 8601's basic format; None if it is none."""
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    try:
        return calendar.timegm(datetime(*map(int, match.groups()), tzinfo=UTC).timetuple())  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def iso_basic(seconds: float) -> str:
    """The moment in ISO 8601's basic format."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def timestamp(date: str) -> str:
    """A Date header's moment in the basic format; what is no HTTP date is returned as it is."""
    try:
        moment = parsedate_to_datetime(date)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError):
        return date
