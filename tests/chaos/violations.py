"""Every way in which a history can break the promise, as one table of names and what each means."""

from dataclasses import dataclass
from enum import StrEnum


class Rule(StrEnum):
    """What was broken. The value is the name that tests and reports use."""

    # acknowledged means stored, once, as it was said
    ACKED_NOT_STORED = "acked-not-stored"
    ACKED_ELSEWHERE = "acked-elsewhere"
    NEVER_ACKED = "never-acked"
    FAILED_BUT_STORED = "failed-but-stored"
    STORED_TWICE = "stored-twice"
    STORED_NOT_SAID = "stored-not-said"
    STORED_OUT_OF_ORDER = "stored-out-of-order"
    # every message, exactly once, in one order, or a gap that is told
    SHOWN_OUT_OF_ORDER = "shown-out-of-order"
    SHOWN_TWICE = "shown-twice"
    SHOWN_NOT_STORED = "shown-not-stored"
    SHOWN_DIFFERENTLY = "shown-differently"
    HOLE_NOT_TOLD = "hole-not-told"
    GAP_NOT_TRUE = "gap-not-true"
    NOT_SHOWN = "not-shown"
    PAGE_NOT_TRUE = "page-not-true"
    LOG_ANEW = "log-anew"
    # who is there
    NOT_BACK = "not-back"
    PRESENCE_WRONG = "presence-wrong"
    MEMBERSHIP_LEFT = "membership-left"


MEANING = {
    Rule.ACKED_NOT_STORED: "a sender got its own copy of a message that the log does not have",
    Rule.ACKED_ELSEWHERE: "a sender's copy has another seq than the message has in the log",
    Rule.NEVER_ACKED: "a message was neither stored nor refused by the end, long after all faults were over",
    Rule.FAILED_BUT_STORED: "a message was refused for good, and is in the log",
    Rule.STORED_TWICE: "one client's id is in the log more than once",
    Rule.STORED_NOT_SAID: "the log has what nobody said, or not as it was said",
    Rule.STORED_OUT_OF_ORDER: "one client's messages are in the log in another order than it said them",
    Rule.SHOWN_OUT_OF_ORDER: "what a client was shown does not rise in seq",
    Rule.SHOWN_TWICE: "a client was shown a seq, or an id of a sender, twice",
    Rule.SHOWN_NOT_STORED: "a client was shown a seq that the log does not have",
    Rule.SHOWN_DIFFERENTLY: "a client was shown something else under a seq than the log, or another client, has there",
    Rule.HOLE_NOT_TOLD: "a client went past a message of the log without showing it or telling of a gap",
    Rule.GAP_NOT_TRUE: "a client was told that messages are gone, and the log has one of them",
    Rule.NOT_SHOWN: "a client that was there at the end was not shown the last messages of the log",
    Rule.PAGE_NOT_TRUE: "a page left out a message of the log that is within the bounds it gives",
    Rule.LOG_ANEW: "a client was told that the room has a new log, which it had not",
    Rule.NOT_BACK: "a client could not come back before the end",
    Rule.PRESENCE_WRONG: "who is there was told wrongly after the time that it may take",
    Rule.MEMBERSHIP_LEFT: "the table still had a membership after everybody had left and every lease had ended",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach. `what` is a sentence with the numbers to look for in the history."""

    rule: Rule
    room: str
    client: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.client or 'nobody'} in {self.room}: {self.what} ({MEANING[self.rule]})"
