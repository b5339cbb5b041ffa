"""The page can be installed: what Chromium makes of its manifest, and its icons."""

import base64
import json
import struct

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import PageFactory
from tests.browser.icons import ICONS, SITE, draw

pytestmark = pytest.mark.browser


def test_chromium_would_install_it(page_factory: PageFactory) -> None:
    page = page_factory()
    devtools = page.context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert json.loads(manifest["data"]) == json.loads((SITE / "manifest.webmanifest").read_text("utf-8"))
    assert manifest["manifest"]["startUrl"] == page.url
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Every context of a test is a private one.
    assert {error["errorId"] for error in found} <= {"in-incognito"}


def test_the_icons_are_there_in_the_sizes_that_are_told() -> None:
    manifest = json.loads((SITE / "manifest.webmanifest").read_text("utf-8"))
    told = {icon["src"]: icon["sizes"] for icon in manifest["icons"] if icon["type"] == "image/png"}
    assert {f"icons/{name}" for name in ICONS} == {*told, "icons/apple-180.png"}
    for path, sizes in told.items():
        width, height = struct.unpack(">II", (SITE / path).read_bytes()[16:24])
        assert f"{width}x{height}" == sizes
    assert {"192x192", "512x512"} <= set(told.values())
    assert [icon["src"] for icon in manifest["icons"] if icon.get("purpose") == "maskable"] == [
        "icons/maskable-512.png"
    ]


COMPARE = """async (pngs) => {
  const [a, b] = await Promise.all(pngs.map(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  }));
  return a.filter((value, place) => Math.abs(value - b[place]) > 48).length / a.length;
}"""


def test_the_icons_are_drawn_from_the_favicon(browser: Browser) -> None:
    """`python -m tests.browser.icons` draws them. Another Chromium may smooth an edge in another way."""
    page = browser.new_page()
    for name, icon in ICONS.items():
        pngs = [(SITE / "icons" / name).read_bytes(), draw(browser, icon)]
        assert page.evaluate(COMPARE, [base64.b64encode(png).decode() for png in pngs]) < 0.01, name
    page.close()
