"""What a message and an hour cost on AWS, by counting: `make cost`, or with --write into docs/.

python -m tests.bench.cost [--write] [--sizes 2,10,100,1000,10000]
"""

import argparse
import re

from local_dev.stack import moto_patches
from tests.bench.cost import bill, transports
from tests.bench.cost.events import count
from tests.bench.progress import say
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "costs.md"
TRANSPORTS_PAGE = ROOT / "docs" / "transports.md"
PLOT = ROOT / "docs" / "images" / "costs.svg"
SIZES = "2,10,100,1000,10000"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables and the plot into docs/")
    parser.add_argument("--sizes", default=SIZES, help="members of the rooms that are counted")
    options = parser.parse_args()
    moto_patches.apply()  # moto by itself takes minutes over a room of ten thousand
    rooms = []
    for size in map(int, options.sizes.split(",")):
        say(f"a room of {size:,}")
        rooms.append(count(size))
    sections = bill.sections(rooms)
    say("an hour by each transport")
    hours = transports.sections()
    for text in [*sections.values(), *hours.values()]:
        print(text, end="\n\n")
    if options.write:
        for page, tables in ((PAGE, sections), (TRANSPORTS_PAGE, hours)):
            page.write_text(filled(page.read_text(encoding="utf-8"), tables), encoding="utf-8")
        PLOT.write_text(bill.plot(rooms), encoding="utf-8")


def filled(page: str, sections: dict[str, str]) -> str:
    """The page with each section between its markers. Raises `LookupError` where a marker is missing."""
    for name, text in sections.items():
        pattern = re.compile(rf"(<!-- cost: {name} -->\n).*?(<!-- /cost -->)", re.DOTALL)
        page, found = pattern.subn(lambda match, text=text: f"{match[1]}{text}\n{match[2]}", page)  # type: ignore[misc]
        if found != 1:
            raise LookupError(f"{found} places for {name}")
    return page


if __name__ == "__main__":
    main()
