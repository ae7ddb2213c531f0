"""The page in a real Chromium: hostile text is inert, it works with the keyboard, on a telephone, on paper and in both colour schemes."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import NODE
from reports import PAYLOADS, finding, made, poisoned, storm

from diagnose.model import Attached, Attachment, Check, Gap, Ignored, LeaseSeen, NodeSeen, PodNetworks, PoolSeen, Report, Unexplained
from diagnose.render import html

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.keys import Keys  # noqa: E402 - after the check that it is there

_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective + " " + e.blockedURI));
"""


class Browser:
    """One Chromium for all tests."""

    def __init__(self, folder: Path) -> None:
        chromium, driver = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("chromedriver")
        if chromium is None or driver is None:
            pytest.skip("no chromium with its driver here")
        options = webdriver.ChromeOptions()
        for argument in (
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
        ):  # fmt: skip
            options.add_argument(argument)
        options.binary_location = chromium
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.folder = folder
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)
        self.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def cdp(self, command: str, **parameters: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, parameters)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def open(self, text: str, *, width: int = 1400, scheme: str = "light", media: str = "") -> None:
        path = self.folder / "report.html"
        path.write_text(text, encoding="utf-8")
        self.seen_as(width=width, scheme=scheme, media=media)
        self.driver.get_log("performance")
        self.driver.get(f"file://{path}")

    def seen_as(self, *, width: int = 1400, scheme: str = "light", media: str = "") -> None:
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def requests(self) -> list[str]:
        """Return what was fetched since the page was opened."""
        events = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    found = Browser(tmp_path_factory.mktemp("browser"))
    yield found
    found.driver.quit()


def full() -> Report:
    """Return a report in which every part of the page is shown."""
    used = tuple(LeaseSeen(f"10.1.2.{n}", f"{n:064x}", "net1", "line/robot-0" if n % 2 else "", "used" if n % 2 else "leaked") for n in range(10, 18))
    attached = Attached("line/net-9", "net1", ("10.1.2.9",))
    rows = (Attachment("line/net-9", attached, attached, None, "ok"), Attachment("line/net-8", attached, None, None, "not-recorded"))
    resolved = finding(3, state="resolved", proof=None, rule="ipam-pool-exhausted")
    return made(
        finding(0), finding(1, severity="warning", rule="cni-del-failed", state="flapping"), finding(2, state="unknown"), resolved, finding(4, severity="info", rule="not-network"),
        gaps=[Gap("b.gz", "is damaged", "copy it again"), Gap("", "", "sudo journalctl -b", "no-kubelet", values=())],
        unexplained=[Unexplained("<*> broke", 4, {"line/robot-7"}, None, None, None)], attachments=[PodNetworks("line", "robot-9", "ran", "cache", rows, "attachment-missing")],
        pools=[PoolSeen("/var/lib/cni/networks/net-0", "net-0", ("line/net-0",), ("10.1.2.10-10.1.2.20",), 11, (), 3, used)],
        checks=[Check("line/net-0", "bridge-down", "warning", {"device": "br-line"}, "sudo ip link set br-line up"), *(Check("line/net-0", "bridge-up", "ok", {"device": f"br-{n}"}) for n in range(6))],
        node=[NodeSeen("versions", "ok", {"text": "MicroShift 5.0"}, made().inputs and None), NodeSeen("clock-off", "warning", {"by": "chronyd"}, None)],  # type: ignore[arg-type]
        ignored=[Ignored("pod-gone", "warning", "active", "line/robot-5", 1, "known", "", "ignore.yaml")], not_checked=[("own-rule", "own.yaml:3: no text")],
    )  # fmt: skip


def node_report(report) -> Report:
    return report(NODE)


@pytest.fixture(params=["full", "node", "none", "storm", "hostile", "japanese"])
def page(request: pytest.FixtureRequest, report, catalog) -> str:
    """Return one page of each kind."""
    made_of = {
        "full": full, "node": lambda: node_report(report), "none": made, "storm": lambda: storm(130),
        "hostile": lambda: poisoned(node_report(report)), "japanese": full,
    }  # fmt: skip
    return html.render(made_of[request.param](), catalog, "ja" if request.param == "japanese" else "en")


# --- hostile text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_text_is_inert(browser: Browser, report, catalog, language: str) -> None:
    for hostile in (poisoned(report(NODE)), poisoned(full())):
        text = html.render(hostile, catalog, language)
        browser.open(text)
        assert browser.run("return [window.hit === undefined, window.violations]") == [True, []]
        assert [u for u in browser.requests() if not u.startswith("file:") or not u.endswith("/report.html")] in ([], ["data:,"])
        told = browser.run("return document.body.textContent")
        for payload in PAYLOADS[:4]:
            assert payload in told
        assert "\\x1b[31m\\x00\\x07\\x0d\\x202eevil\\x2066\\x61c\\x2028\\xd800\\xfeff" in told
        assert not set(told) & {*"\x00\x07\r\x1b\u202e\u2066\u061c\u2028\ufeff"}
        tags = set(browser.run("return [...document.querySelectorAll('*')].map(e => e.localName)"))
        assert not tags & {"img", "b", "i", "iframe", "object", "embed", "form", "base", "foreignObject", "animate", "set"}
        assert browser.run("return [document.scripts.length, document.querySelectorAll('style').length]") == [1, 1]
        attributes = browser.run("return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.name + '=' + a.value))")
        assert [a for a in attributes if a.startswith(("on", "style=", "src=", "srcdoc=", "xlink:"))] == []
        links = {a.partition("=")[2] for a in attributes if a.startswith("href=")}
        assert all(x.startswith(("#", "https://")) or x == "data:," for x in links)


def test_no_other_script_or_style_could_run(browser: Browser, catalog) -> None:
    browser.open(html.render(full(), catalog, "en"))
    browser.run("""
        const script = document.createElement('script'); script.textContent = 'window.hit = 1'; document.body.append(script);
        const style = document.createElement('style'); style.textContent = 'h1 { color: rgb(1, 2, 3) }'; document.head.append(style);
        const image = new Image(); image.src = 'http://127.0.0.1:9/x.png';
        document.querySelector('h1').setAttribute('onclick', 'window.hit = 2'); document.querySelector('h1').click();
    """)
    done = browser.driver.execute_async_script(
        "const done = arguments[0]; fetch('http://127.0.0.1:9/').catch(() => 0).then(() => setTimeout(() => done([window.hit === undefined, window.violations, getComputedStyle(document.querySelector('h1')).color]), 50))"
    )
    assert done[0] is True
    assert {v.partition(" ")[0] for v in done[1]} >= {"script-src-elem", "script-src-attr", "style-src-elem", "img-src", "connect-src"}
    assert done[2] != "rgb(1, 2, 3)"


# --- use --------------------------------------------------------------------------------------------------------------


def test_copy_buttons_copy_their_command(browser: Browser, catalog) -> None:
    browser.open(html.render(full(), catalog, "en"))
    button = browser.driver.find_element("css selector", "button[data-copy=f0-s2]")
    wanted = browser.run("return document.getElementById('f0-s2').textContent")
    assert wanted == "oc -n line get pod robot-0 -o yaml"
    button.click()
    copied = "const done = arguments[0]; setTimeout(() => navigator.clipboard.readText().then(done, e => done(String(e))), 50)"
    assert browser.driver.execute_async_script(copied) == wanted
    assert browser.run("return document.getElementById('said').textContent") == "copied"
    # Without the clipboard the text is selected, and copied the old way.
    browser.run("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))")
    browser.driver.find_element("css selector", "button[data-copy=f0-s4]").click()
    assert browser.driver.execute_async_script(copied) == "oc -n line delete pod robot-0"
    assert browser.run("return String(getSelection())") == "oc -n line delete pod robot-0"


def test_a_filter_leaves_the_rows_that_hold_all_its_words(browser: Browser, catalog) -> None:
    browser.open(html.render(full(), catalog, "en"))
    field = browser.driver.find_element("id", "q-leases")
    field.send_keys("ROBOT-0 10.1.2.13")
    shown = "return [...document.querySelectorAll('#t-leases tbody tr')].filter(r => r.offsetHeight).map(r => r.cells[1].textContent)"
    assert browser.run(shown) == ["10.1.2.13"]
    assert browser.run("return document.querySelector('output[for=q-leases]').textContent") == "1 of 8"
    field.send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.DELETE)
    assert len(browser.run(shown)) == 8


def test_the_keyboard_reaches_folded_parts_copy_buttons_and_filters_in_order(browser: Browser, catalog) -> None:
    browser.open(html.render(made(finding(0), finding(1, state="resolved"), pools=full().pools), catalog, "en"))
    seen: list[str] = []
    for _ in range(60):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        seen.append(browser.run("const e = document.activeElement; return e.id || e.dataset.copy || e.className || e.localName"))
        if seen[-1] == "q-leases":
            break
    assert seen[0] == "skip"
    assert seen.index("f0-s1") < seen.index("f0-s2") < seen.index("q-leases")
    assert browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    # What a link leads to is unfolded.
    browser.run("document.getElementById('f1').open = false; location.hash = '#f1'")
    assert browser.driver.execute_async_script("setTimeout(() => arguments[0](document.getElementById('f1').open), 50)") is True


def test_without_its_script_nothing_is_hidden_and_nothing_is_dead(browser: Browser, catalog) -> None:
    text = html.render(full(), catalog, "en")
    browser.open(text.replace("<script>", "<script>throw 0;"))  # another digest: the policy stops it
    assert browser.run("return window.violations").pop().startswith("script-src-elem")
    assert browser.run("return [...document.querySelectorAll('button, .filter')].every(e => e.offsetHeight === 0)")
    assert browser.run("return [...document.querySelectorAll('tbody tr')].filter(r => !r.closest('details:not([open])')).every(r => r.offsetHeight > 0)")


# --- shape ------------------------------------------------------------------------------------------------------------


def test_the_document_is_sound(browser: Browser, page: str) -> None:
    browser.open(page)
    assert browser.run("return [...document.querySelectorAll('[id]')].map(e => e.id).filter((x, n, all) => all.indexOf(x) !== n)") == []
    names = "aria-labelledby", "aria-describedby", "for", "data-copy", "data-table"
    dangling = "return arguments[0].flatMap(n => [...document.querySelectorAll('[' + n + ']')].flatMap(e => e.getAttribute(n).split(' '))).filter(x => !document.getElementById(x))"
    assert browser.run(dangling, names) == []
    assert browser.run("return [...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1)).filter(x => !document.getElementById(x))") == []
    levels = browser.run("return [...document.querySelectorAll('h1, h2, h3, h4')].map(e => +e.localName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert browser.run("return ['header', 'nav', 'main'].map(x => document.querySelectorAll('body > ' + x).length)") == [1, 1, 1]
    unnamed = "return [...document.querySelectorAll('button, a, input, svg[role=img], [role=region], section')].filter(e => !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML.slice(0, 80))"
    assert browser.run(unnamed) == []
    # The name of a button begins with, or holds, what stands on it (WCAG 2.5.3).
    assert browser.run("return [...document.querySelectorAll('button')].every(b => b.getAttribute('aria-label').includes(b.textContent))")


def test_the_page_never_scrolls_sideways(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
    for width in (360, 400, 820, 1400, 1800):
        browser.seen_as(width=width)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        # Of each drawing one form is shown.
        drawn = "const all = [...document.querySelectorAll('svg.drawing')]; return [all.length, all.filter(e => e.getBoundingClientRect().height).length]"
        count, shown = browser.run(drawn)
        assert shown * 2 == count


_CONTRAST = """
const parse = (text) => { const m = text.match(/[\\d.]+/g); return m ? m.map(Number) : [0, 0, 0, 0]; };
const light = (c) => { const f = c.slice(0, 3).map((v) => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * f[0] + .7152 * f[1] + .0722 * f[2]; };
const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
const solid = (c) => c.length < 4 || c[3] > 0;
const behind = (e) => { for (let p = e; p; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (solid(c)) return c; } return [255, 255, 255]; };
const low = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const box = e.getBoundingClientRect();
  if (!own || !box.width || !box.height || e.closest('title, desc, script, .unseen')) continue;
  const style = getComputedStyle(e);
  const svg = e.namespaceURI.endsWith('svg');
  const colour = parse(svg ? style.fill : style.color);
  const back = svg ? [...e.ownerSVGElement.querySelectorAll('.band, .box')].filter((r) => { const b = r.getBoundingClientRect(); return b.left < box.right && b.right > box.left && b.top < box.bottom && b.bottom > box.top; }).map((r) => parse(getComputedStyle(r).fill)) : [];
  for (const b of back.length ? back : [behind(e)]) { const r = ratio(colour, b); if (r < 4.5) low.push(e.localName + '.' + e.getAttribute('class') + ' ' + r.toFixed(2) + ' ' + e.textContent.slice(0, 30)); }
}
const graphic = [['.mark', 'color'], ['.box.broken', 'stroke'], ['.cross', 'stroke'], ['.tick', 'stroke'], ['.over', 'fill'], ['.taken', 'fill'], ['.edge', 'stroke'], ['.box', 'stroke'], ['button', 'borderTopColor'], ['input', 'borderTopColor']];
for (const [what, how] of graphic) for (const e of document.querySelectorAll(what)) {
  if (!e.getBoundingClientRect().width && !e.getBoundingClientRect().height) continue;
  const r = ratio(parse(getComputedStyle(e)[how]), behind(e)); if (r < 3) low.push(what + ' ' + r.toFixed(2));
}
return [...new Set(low)];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_signs_stand_out_in_both_colour_schemes(browser: Browser, catalog, report, scheme: str) -> None:
    for shown in (full(), report(NODE)):
        browser.open(html.render(shown, catalog, "en"), scheme=scheme)
        browser.run("for (const d of document.querySelectorAll('details')) d.open = true")
        assert browser.run(_CONTRAST) == []
    dark = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(20, 23, 27)") == (scheme == "dark")


def test_paper_shows_what_is_folded_and_no_buttons(browser: Browser, catalog) -> None:
    long = finding(0).evidence[0]._replace(text="x" * 50 + " cannot find " + "y " * 200)
    browser.open(html.render(made(finding(0, evidence=[long, long]), finding(1, state="resolved")), catalog, "en"), media="print", scheme="dark")
    folded = "return [...document.querySelectorAll('details:not([open]) > :not(summary)')].map(e => e.getBoundingClientRect().height > 0)"
    shown = browser.run(folded)
    assert len(shown) > 4
    assert all(shown)
    assert browser.run("return [...document.querySelectorAll('button, nav, .filter')].every(e => e.getBoundingClientRect().height === 0)")
    assert browser.run("return getComputedStyle(document.querySelector('.cross, .mark.error')).printColorAdjust") == "exact"
    assert browser.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    # Browsers that cannot show folded parts by style alone have them opened, and folded again.
    count = "window.dispatchEvent(new Event(arguments[0])); return document.querySelectorAll('details:not([open])').length"
    assert browser.run(count, "beforeprint") == 0
    assert browser.run(count, "afterprint") > 2


def test_motion_is_reduced_where_that_is_asked_for(browser: Browser, catalog) -> None:
    browser.open(html.render(made(), catalog, "en"))
    for wish, scroll in (("no-preference", "smooth"), ("reduce", "auto")):
        browser.cdp("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-reduced-motion", "value": wish}])
        assert browser.run("return getComputedStyle(document.documentElement).scrollBehavior") == scroll


# --- content ----------------------------------------------------------------------------------------------------------


def test_every_part_of_a_report_is_told(browser: Browser, catalog) -> None:
    browser.open(html.render(full(), catalog, "en"))
    told = " ".join(browser.run("return document.querySelector('main').textContent").split())
    for text in (
        'NAD "net-0" does not exist in namespace "line"', "pod line/robot-0, NAD line/net-0, 3x, since 2026-11-23 20:00:00, last 2026-11-23 20:09:00",
        "cannot find a network-attachment-definition (net-0)", "oc -n line delete pod robot-0", "sandbox-network-failed (12x)", "FLAPPING", "state unknown", "resolved",
        "3 of 11 addresses free in 10.1.2.10-10.1.2.20: 4 used, 4 left behind", "sudo rm /var/lib/cni/networks/net-0/10.1.2.10", "line/robot-9", "not recorded",
        "bridge br-line is down", "sudo ip link set br-line up", "MicroShift 5.0", "clock: not synchronised", "<*> broke", "b.gz: is damaged", "copy it again",
        "pod-gone (1)", "own.yaml:3: no text", "journal.txt",
    ):  # fmt: skip
        assert text in told, text
    assert browser.run("return document.documentElement.lang") == "en"
    browser.open(html.render(full(), catalog, "ja"))
    assert browser.run("return document.documentElement.lang") == "ja"
    assert "原因" in browser.run("return document.querySelector('h2').textContent")


def test_a_report_without_findings_says_what_was_looked_at(report, catalog, write) -> None:
    good = html.render(made(), catalog, "en")
    assert "no network failure found" in good
    assert "<li>journal.txt (text, 900 lines, 2026-11-23 20:00:00 .. 20:10:00)</li>" in good
    assert 'h1 class="ok"' in good
    # What was not looked at is not all right, and what could not be read is no verdict at all.
    blind = html.render(made(gaps=[Gap("b.gz", "is damaged")]), catalog, "en")
    assert 'h1 class="blind"' in blind
    assert "a failure could stand there" in blind
    nothing = html.render(report(write(b"\x00\x01\x02", "a.bin")), catalog, "en")
    assert "nothing could be diagnosed" in nothing
    assert "No failure was found" not in nothing
    assert 'h1 class="warning"' in nothing


def test_a_storm_stays_small_and_names_every_failure(catalog) -> None:
    text = html.render(storm(1000), catalog, "en")
    assert len(text.encode()) < 2_000_000
    assert text.count('<details class="cause') == 100
    for number in (0, 99, 100, 999):
        assert f"NAD &#34;net-{number}&#34; does not exist" in text
    worst = finding(0, affected=finding(0).affected * 2000, evidence=[e._replace(text="x" * 1_000_000) for e in finding(0).evidence * 4])
    assert len(html.render(made(worst), catalog, "en").encode()) < 300_000
