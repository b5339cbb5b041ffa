"""What of a template does not run here, with the line where it stands."""

from collections.abc import Iterable

from .document import KeyPath, Lines
from .loops import LOOP
from .model import Note
from .template import Template

_IMPLICIT = {"ServerlessRestApi": "Api", "ServerlessHttpApi": "HttpApi"}
"""APIs that SAM makes for the events of functions, with the type of those events."""

_SECTIONS = ("Outputs", "Transform")


class Notebook:
    """Gathers notes; each is taken once."""

    def __init__(self, template: Template | None = None) -> None:
        self._template = template
        self._lines = template.lines if template is not None else Lines()
        self._notes: dict[Note, None] = {}

    def add(self, logical_id: str, text: str, *below: str) -> None:
        """Note `text` of a resource, at the line of the key at `below` in it, if there is such a key; or of an
        output or a transform, as `Outputs.<key>` or `Transform.<name>`.
        """
        section, _, key = logical_id.partition(".")
        if section in _SECTIONS:
            self._notes[Note(self._lines.of(section, key), key, text)] = None
            return
        line = self._lines.of_resource(logical_id, *below)
        source = self._lines.source(logical_id) or logical_id
        for prefix, kind in _IMPLICIT.items():
            # Its id may begin with that of a resource, as `S`, which it was not made from.
            if logical_id.startswith(prefix) and (line is None or not source.startswith(prefix)):
                line, source = self._event_line(kind), logical_id
        self._notes[Note(line, logical_id if source.startswith(LOOP) else source, text)] = None

    def add_at(self, path: KeyPath, text: str) -> None:
        """Note `text` of what stands at `path` in the template."""
        name = path[1] if len(path) > 2 else path[0]
        self._notes[Note(self._lines.of(*path), name, text)] = None

    def all(self) -> tuple[Note, ...]:
        """The notes, in the order of the template."""
        return tuple(sorted(self._notes, key=lambda note: (note.line is None, note.line or 0)))

    def _event_line(self, kind: str) -> int | None:
        for logical_id, name, event in _events(self._template):
            if event.get("Type") == kind:
                return self._lines.of("Resources", logical_id, "Properties", "Events", name)
        return None


def _events(template: Template | None) -> Iterable[tuple[str, str, dict[str, object]]]:
    """The events of a template's SAM functions: logical id, name, definition."""
    for logical_id, resource in (template or {"Resources": {}})["Resources"].items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        events = properties.get("Events") if isinstance(properties, dict) else None
        for name, event in events.items() if isinstance(events, dict) else ():
            if isinstance(event, dict):
                yield logical_id, name, event
