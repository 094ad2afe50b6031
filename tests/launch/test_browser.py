"""The report in a real browser: it loads nothing, fits a phone, reads in light and dark, by keyboard and aloud.

$PAPERCLUB_SCREENSHOTS names a folder for pictures of it, to be looked at.
"""

import base64
import os
import shutil
from pathlib import Path

import pytest

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed: pip install -r requirements-dev.txt")
MISSING = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: apt-get install chromium chromium-driver"),
]
WIDTHS = {"desktop": (1280, 1000), "phone": (390, 844)}

# The contrast of every text on the page with what lies behind it (WCAG 2): the worst ratio and where.
CONTRAST = """
const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
                     return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const parts = text => text.match(/[0-9.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
                                                       if (c.length < 4 || c[3] > 0) return c; }
                      return [255, 255, 255]; };
let worst = [99, ''];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
  const [a, b] = [light(parts(getComputedStyle(e).color).slice(0, 3)), light(behind(e).slice(0, 3))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 80)];
}
return worst;
"""


@pytest.fixture(scope="module")
def browser():
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"):
        options.add_argument(word)
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


@pytest.fixture
def show(browser, reported):
    """show(width, scheme): the page as such a reader sees it, all details open."""
    def load(width: str = "desktop", scheme: str = "light"):
        wide, high = WIDTHS[width]
        metrics = {"width": wide, "height": high, "deviceScaleFactor": 1, "mobile": width == "phone"}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        browser.get((reported / "report.html").as_uri())
        picture(browser, f"{width}-{scheme}")
        browser.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
        return browser

    return load


def picture(browser, name: str) -> None:
    if folder := os.environ.get("PAPERCLUB_SCREENSHOTS"):
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
        Path(folder, f"{name}.png").write_bytes(base64.b64decode(shot["data"]))


def test_it_loads_nothing_complains_of_nothing_and_shows_its_pictures(show):
    browser = show()
    assert browser.get_log("browser") == []
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(one => one.name.slice(0, 40))")
    assert [name for name in loaded if not name.startswith("data:")] == []
    sizes = browser.execute_script("return [...document.images].map(one => [one.naturalWidth, one.alt.length])")
    assert len(sizes) == 4 and all(width > 100 and alt for width, alt in sizes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_text_stands_out_and_nothing_is_wider_than_the_screen(show, width, scheme):
    browser = show(width, scheme)
    worst, where = browser.execute_script(CONTRAST)
    assert worst >= 4.5, where
    assert browser.execute_script("return document.documentElement.scrollWidth") <= WIDTHS[width][0]
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)")
    assert (max(ground) < 60) == (scheme == "dark")


def test_it_reads_aloud_in_order(show):
    """Landmarks, headings without a gap, names for tables and regions: what a screen reader is told."""
    browser = show()
    nodes = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    seen = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    roles = [role for role, _ in seen]
    assert all(roles.count(role) == 1 for role in ("banner", "navigation", "main", "contentinfo"))
    assert all(name for role, name in seen if role in ("table", "region", "image", "navigation", "link", "heading"))
    levels = browser.execute_script("return [...document.querySelectorAll('h1, h2, h3, h4')].map(one => Number(one.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert browser.execute_script("return document.documentElement.lang") == "en"


def test_the_keyboard_reaches_everything_and_shows_where_it_is(show):
    browser = show()
    keys = webdriver.common.keys.Keys
    focused = "const e = document.activeElement, s = getComputedStyle(e), r = e.getBoundingClientRect();" \
              "return [e.tagName, e.textContent.slice(0, 20), parseFloat(s.outlineWidth) > 0 && s.outlineStyle != 'none', r.left >= 0]"
    count = browser.execute_script("return document.querySelectorAll('a[href], summary, [tabindex=\"0\"]').length")
    stops = []
    for _ in range(count):
        webdriver.ActionChains(browser).send_keys(keys.TAB).perform()
        stops.append(browser.execute_script(focused))
    assert stops[0][:2] == ["A", "skip to the contents"] and {stop[0] for stop in stops} == {"A", "SUMMARY", "DIV"}
    assert all(visible and inside for _, _, visible, inside in stops), stops


def test_the_skip_link_leads_to_the_contents(show):
    browser = show()
    keys = webdriver.common.keys.Keys
    webdriver.ActionChains(browser).send_keys(keys.TAB, keys.ENTER).perform()
    assert browser.execute_script("return document.activeElement.id") == "main"
