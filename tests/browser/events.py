"""Frames and other events for the page's pure modules, and the state that they make of a person in a room."""

from collections.abc import Callable
from typing import Any

Evaluate = Callable[..., Any]
Event = dict[str, Any]


def message(seq: int, *, who: str = "Bo", id: str | None = None) -> Event:
    event: Event = {
        "type": "message",
        "room_id": "r",
        "client_id": who,
        "content": f"{who} {seq}",
        "timestamp": f"2030-01-01T10:{seq // 60:02}:{seq % 60:02}.000Z",
        "seq": seq,
    }
    return event if id is None else event | {"id": id}


def page_of(
    *messages: Event, ask: str, through: int, start: int = 0, last_seq: int = 0, more: bool = False
) -> Event:
    """The answer to `ask`. It begins with what was asked for, or with `start`."""
    kind, _, number = ask.partition(":")
    first = int(number) + 1 if kind == "after" else min([through + 1, *(each["seq"] for each in messages)])
    return {
        "type": "page",
        "messages": list(messages),
        "from": start or first,
        "through": through,
        "last_seq": max(last_seq, through),
        "more": more,
        "timestamp": "",
        "id": ask,
    }


def newest(*seqs: int, through: int | None = None, last_seq: int = 0, more: bool = False) -> Event:
    """The newest page, with these messages of Bo's."""
    settled = max([0, *seqs]) if through is None else through
    return page_of(*map(message, seqs), ask="newest", through=settled, last_seq=last_seq, more=more)


def forward(
    after: int, *seqs: int, through: int, start: int = 0, last_seq: int = 0, more: bool = False
) -> Event:
    """The page after a number, with these messages of Bo's."""
    messages = map(message, seqs)
    return page_of(
        *messages, ask=f"after:{after}", through=through, start=start, last_seq=last_seq, more=more
    )


def composed(id: str) -> Event:
    return {"type": "composed", "id": id, "content": id, "at": 0}


def error(code: str, id: str | None = None, **more: Any) -> Event:
    event = {"type": "error", "code": code, "content": "No.", "timestamp": ""} | more
    return event if id is None else event | {"id": id}


def at(now: int, event: Event) -> Event:
    """The event, at that time; without one it is 0."""
    return event | {"now": now}


ENTERED: Event = {"type": "entered", "name": "Ada", "room": "r", "kept": None}
ONLINE: Event = {"type": "link", "status": "online"}
WAITING: Event = {"type": "link", "status": "waiting", "retryAt": 5}
# Whatever the state calls for now is done.
DO: Event = {"type": "do"}

AFTER = """async (m, events) => {
  const { wanted, wakeAt } = await import("/js/core/sync.js");
  const { timeline } = await import("/js/core/timeline.js");
  const done = [];
  let [state, now] = [m.initialState, 0];
  const reduce = (event) => { state = m.reduce(state, event, { now, luck: 0.5 }); };
  for (const event of events) {
    now = event.now ?? now;
    if (event.type !== "do") { reduce(event); continue; }
    for (let ask; (ask = wanted(state, now));) {
      done.push(ask);
      if (ask.type === "reconnect") break;
      reduce({ type: "asked", ask });
    }
  }
  const wake = wakeAt(state);
  return {
    ...state, outbox: Object.fromEntries(state.outbox), rows: timeline(state), done,
    wanted: wanted(state, now) ?? null, wake: wake === Infinity ? null : wake,
  };
}"""


def after(js: Evaluate, *events: Event) -> Event:
    """The state that a person in the room is in after these events, what was done, what is wanted and when next."""
    state: Event = js("core/state", AFTER, [ENTERED, *events])
    return state


def seqs(state: Event) -> list[int]:
    """The numbers that are shown."""
    return [each["seq"] for each in state["log"]["messages"]]
