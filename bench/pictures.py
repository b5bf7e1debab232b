"""Takes the three pictures of the README from the running demo, so that they stay true:

./run                      # in one terminal
./run pictures             # in another: docs/images/{today,charting,patient}.png
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
HEIGHT = 860


def log_in(page: Page, url: str, who: str) -> None:
    page.goto(f"{url}/admin/login/")
    page.fill("#id_username", who)
    page.fill("#id_password", "demo-clinic")
    page.click("[type=submit]")
    page.wait_for_selector("#today")


def take(page: Page, name: str) -> None:
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.wait_for_timeout(300)  # its icons are letters until their font is there
    page.screenshot(path=IMAGES / f"{name}.png")
    print(f"docs/images/{name}.png")


def chart(page: Page, url: str) -> None:
    """Of a session that has begun, or can: one zone within its range, and one over it."""
    page.goto(f"{url}/admin/?who=all")
    page.locator("text=Open the chart").first.click()
    if (start := page.locator("button[value=start]")).count():
        start.click()
    page.wait_for_selector("button[value=sign]")
    if (earlier := page.locator("button[value=discard]")).count():
        earlier.click()
        earlier.wait_for(state="detached")
    zones = page.locator(".chart-zone:has([data-step])")
    steps = [(0, "1.00"), (1, "1.50")]
    for number, depth in steps[: zones.count()]:
        zones.nth(number).locator("input[name$=depth_mm]").first.fill(depth)
        zones.nth(number).locator("input[name$=passes]").first.fill("3")
    page.wait_for_selector("text=Kept at")
    page.reload()
    page.wait_for_selector(".map-zone.is-charted")
    take(page, "charting")


def patient(page: Page, url: str) -> None:
    """Of whoever comes for a treatment in the middle of a plan."""
    page.goto(f"{url}/admin/?who=all")
    treated = page.locator(".visit", has_text=", session ").locator(".visit-who a")
    treated.last.click()
    page.wait_for_selector(".patient-tabs")
    take(page, "patient")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--url", default="http://localhost:8000")
    url = asked.parse_args().url.rstrip("/")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for who, width in (("desk", 1280), ("clinician", 1280)):
            page = browser.new_page(viewport={"width": width, "height": HEIGHT})
            log_in(page, url, who)
            if who == "desk":
                take(page, "today")
            else:
                chart(page, url)
                patient(page, url)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main()
