"""The icons of the installed page, drawn from its favicon: python -m tests.browser.icons"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.browser.chromium import ARGUMENTS, executable
from tests.conftest import ROOT

SITE = ROOT / "site"


@dataclass(frozen=True)
class Icon:
    """`share` is how much of the width the drawing takes. Of a maskable icon, and on an iPhone, the ground is cut to
    the system's own shape; a circle of 80 % of the width is never cut.
    """

    size: int
    share: float
    ground: str = "transparent"


PAPER = "#fbfaf6"
ICONS = {
    "icon-192.png": Icon(192, 0.94),
    "icon-512.png": Icon(512, 0.94),
    "maskable-512.png": Icon(512, 0.54, PAPER),
    "apple-180.png": Icon(180, 0.7, PAPER),
}


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        yield browser
        browser.close()


def draw(browser: Browser, icon: Icon) -> bytes:
    """The icon as a PNG."""
    page = browser.new_page(viewport={"width": icon.size, "height": icon.size})
    drawing = (SITE / "favicon.svg").read_text(encoding="utf-8")
    page.set_content(
        f"<style>body {{ margin: 0; height: 100vh; display: grid; place-items: center; background: {icon.ground} }}"
        f"svg {{ width: {icon.share:.0%}; height: {icon.share:.0%} }}</style>{drawing}"
    )
    drawn = page.screenshot(omit_background=True)
    page.close()
    return drawn


def main(folder: Path = SITE / "icons") -> None:
    folder.mkdir(exist_ok=True)
    with launched() as browser:
        for name, icon in ICONS.items():
            (folder / name).write_bytes(draw(browser, icon))
            print(folder / name)


if __name__ == "__main__":
    main()
