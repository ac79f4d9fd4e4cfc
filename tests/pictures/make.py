"""Makes the picture of the page that README shows: python tests/pictures/make.py

It needs an installed Chromium and half a minute. The radiograph on it is synthetic.
"""

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
PICTURE = Path(__file__).with_name("page.webp")

WIDTH_PX, HEIGHT_PX = 1440, 900

QUALITY = 88
"""Of WebP: small type stays clean."""


def main() -> None:
    """Start a page on the starter, take its picture, end it."""
    from playwright.sync_api import sync_playwright

    command = [sys.executable, str(ROOT / "demo.py"), "--model", "starter"]
    page = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = page.stdout.readline().split()[-1]
        with sync_playwright() as playwright:
            executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
            browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
            PICTURE.write_bytes(taken(browser, address))
    finally:
        page.terminate()
        page.wait(30)
    print(f"wrote {PICTURE.relative_to(ROOT)}, {PICTURE.stat().st_size // 1000} kB")


def taken(browser: "Browser", address: str) -> bytes:
    """WebP of the page at an address, once its first comparison stands there."""
    from PIL import Image

    context = browser.new_context(
        viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="light", reduced_motion="reduce"
    )
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.wait_for_function("document.querySelectorAll('.panel[data-state=done]').length >= 3")
    page.wait_for_function("!document.querySelector('.panel:is([data-state=waiting], [data-state=running])')")
    page.locator(".headline").get_by_text("hottest tenth").wait_for()
    page.wait_for_function("[...document.images].every((each) => each.loading === 'lazy' || each.complete)")
    shown = io.BytesIO(page.screenshot())
    context.close()
    made = io.BytesIO()
    Image.open(shown).convert("RGB").save(made, "WEBP", quality=QUALITY, method=6)
    return made.getvalue()


if __name__ == "__main__":
    main()
