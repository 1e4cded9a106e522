"""A real browser, the page with the phones of a small day, and the desk: `make test` starts them (infra/local/onestop.py)."""

import json
import os
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "infra" / "local")]
URL = os.environ.get("ONESTOP_PHONES", "")
# A result for the phone that has opted out, a late dossier, papers, a re-opened dossier, two apologies, and three dossiers that take no notices.
DAY = ["0161712000", "0161712148", "0161712259", "0161712333", "0161720001", "0161720002", "0161720003", "0161720004", "0161720005"]

# WCAG 2.2 at AA, and what axe calls best practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# On a busy machine a function starts slowly.
expect.set_options(timeout=20_000)


def post(path, body, **headers):
    """Status and answer of a POST to the page's server."""
    headers = {"content-type": "application/json", **headers}
    return ask(urllib.request.Request(URL + path, json.dumps(body).encode(), headers))


def ask(request):
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def violations(page):
    """What axe finds wrong."""
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found]


def new_code(prefix="THU"):
    return f"{prefix}-{secrets.randbelow(10**9):09}"


def new_phone():
    return f"098{secrets.randbelow(10**7):07}"


@pytest.fixture(scope="session")
def browser():
    libraries = {"LD_LIBRARY_PATH": os.environ["CHROMIUM_LIBRARIES"], "FONTCONFIG_FILE": os.environ["CHROMIUM_FONTS"]}
    with sync_playwright() as playwright:
        # As root, Chromium has no sandbox; it opens this page only.
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"], env={**os.environ, **libraries})
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def day(browser):
    """A day that is played while a page is open; returns what the page said of it meanwhile, and the end of its receipt codes."""
    page = browser.new_page(locale="en-GB")
    page.goto(URL)
    post("/day", {"day": "playing"})
    played = subprocess.Popen([str(ROOT / "target" / "debug" / "day"), "--only", ",".join(DAY)], stdout=subprocess.PIPE, text=True)
    expect(page.locator('[data-phone="0912013577"] [data-kind="result"]')).to_be_visible()
    meanwhile = page.locator("#day").text_content()
    printed, _ = played.communicate(timeout=120)
    assert played.returncode == 0, printed
    post("/day", {"day": "over"})
    page.context.close()
    return meanwhile, re.search(r"0161712000(-\d{3})", printed)[1]


@pytest.fixture
def open_page(browser, day):
    """Opens the page with the played day, in a browser of its own: `open_page(locale="vi-VN", color_scheme="dark", width=360)`."""
    pages, problems = [], []

    def opened(locale="en-GB", color_scheme="light", width=1280, height=900):
        context = browser.new_context(locale=locale, color_scheme=color_scheme, viewport={"width": width, "height": height})
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(URL)
        expect(page.locator('[data-phone="0912013577"] [data-message]').first).to_be_visible()
        pages.append(page)
        return page

    yield opened
    for page in pages:
        page.context.close()
    # The browser itself reports a request that was refused.
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


@pytest.fixture
def open_desk(browser):
    """Opens a browser of its own for the desk: `open_desk(width=360, javascript=False)`. What the browser reports in its console is a failure."""
    contexts, problems = [], []

    def opened(width=1280, height=900, javascript=True):
        context = browser.new_context(locale="vi-VN", viewport={"width": width, "height": height}, java_script_enabled=javascript)
        page = context.new_page()
        page.on("console", lambda message: message.type in ("error", "warning") and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        contexts.append(context)
        return page

    yield opened
    for context in contexts:
        context.close()
    # The browser itself reports an answer that is an error: the log-in page is one.
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


@pytest.fixture
def no_fault():
    """Switches every fault off at the end."""
    yield
    post("/faults", {"sns": "none", "table": "none", "receipts": "none"})
