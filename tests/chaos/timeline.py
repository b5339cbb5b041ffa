"""What a careful client shows of a room: each message once, in order of seq, and gaps where it was told of them."""

from dataclasses import dataclass, field
from typing import Any

from tests.chaos.history import Kind

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tell:
    """Something for the user to see, as the record that it becomes."""

    kind: Kind
    facts: dict[str, Any]


@dataclass(slots=True)
class Timeline:
    """`cursor` is the seq up to which nothing is missing; None until the first page."""

    cursor: int | None = None
    last_seq: int = 0
    _held: dict[int, Event] = field(default_factory=dict)

    @property
    def is_behind(self) -> bool:
        """Whether something is known of that cannot be shown yet."""
        return self.cursor is not None and self.cursor < max([self.last_seq, *self._held])

    def heard_of(self, last_seq: int) -> None:
        """The log goes as far as this."""
        self.last_seq = max(self.last_seq, last_seq)

    def live(self, message: Event) -> list[Tell]:
        """A message that came by itself."""
        self._hold(message)
        return self._go_on()

    def newest(self, page: Event) -> list[Tell]:
        """The answer to a sync without a place: where the client begins, if it has not begun yet."""
        first, through = page["from"], page["through"]
        self.heard_of(page["last_seq"])
        for message in page["messages"]:
            self._hold(message)
        tells: list[Tell] = []
        if self.cursor is None:
            begin = min(first, through + 1)
            self.cursor = begin - 1
            self._held = {seq: message for seq, message in self._held.items() if seq >= begin}
            tells.append(Tell(Kind.BEGUN, {"seq": begin}))
        # An answer that was late starts above what is shown by now: that is no gap, there is only more to ask for.
        if first <= self.cursor + 1:
            tells += self._go_through(through)
        return tells + self._go_on()

    def forward(self, page: Event, *, after: int) -> list[Tell]:
        """The answer to a sync after `after`, which was the cursor when it was asked.

        A log that ends below that is a new one. It has to be that number: the cursor may have moved on while
        the answer was on its way.
        """
        if page["last_seq"] < after:
            self.cursor, self.last_seq, self._held = None, 0, {}
            return [Tell(Kind.ANEW, {"last_seq": page["last_seq"]})]
        if self.cursor is None:  # asked before the log was found to be new
            return []
        self.heard_of(page["last_seq"])
        for message in page["messages"]:
            self._hold(message)
        return [*self._tell_gone(page["from"] - 1), *self._go_through(page["through"]), *self._go_on()]

    def _hold(self, message: Event) -> None:
        if self.cursor is None or message["seq"] > self.cursor:
            self._held.setdefault(message["seq"], message)

    def _tell_gone(self, last: int) -> list[Tell]:
        """Up to `last` the log has nothing any more. What came live before it went is shown all the same."""
        assert self.cursor is not None
        tells: list[Tell] = []
        for seq in [*sorted(seq for seq in self._held if seq <= last), last + 1]:
            if seq > self.cursor + 1:
                tells.append(Tell(Kind.GAP, {"first": self.cursor + 1, "last": seq - 1}))
                self.cursor = seq - 1
            if seq <= last:
                tells.append(self._show(seq))
        return tells

    def _go_through(self, through: int) -> list[Tell]:
        """Nothing up to `through` is missing but what is held: other numbers were never used."""
        assert self.cursor is not None
        tells = [self._show(seq) for seq in sorted(seq for seq in self._held if seq <= through)]
        self.cursor = max(self.cursor, through)
        return tells

    def _go_on(self) -> list[Tell]:
        tells: list[Tell] = []
        while self.cursor is not None and self.cursor + 1 in self._held:
            tells.append(self._show(self.cursor + 1))
        return tells

    def _show(self, seq: int) -> Tell:
        message = self._held.pop(seq)
        self.cursor = seq
        return Tell(
            Kind.SHOWN,
            {
                "seq": seq,
                "id": message.get("id"),
                "sender": message["client_id"],
                "content": message["content"],
            },
        )
