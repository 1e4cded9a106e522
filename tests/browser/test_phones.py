"""The page with the citizens' phones, in a real browser: what people see and do on it, by mouse and by keyboard."""

import datetime
import os
import re
import socket
import urllib.parse
import urllib.request

import pytest
import staff
from conftest import ROOT, URL, ask, new_code, new_phone, post, violations
from playwright.sync_api import expect

from stack import authorization

TOMORROW = (datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))) + datetime.timedelta(days=1)).date().isoformat()
IMAGES = ROOT / "docs" / "images"


def new_dossier(**fields):
    """A dossier in progress, pushed as the page pushes; returns its code and its phone."""
    code, phone = new_code(), new_phone()
    status, answer = post("/push", {"receipt_code": code, "phone": phone, **fields})
    assert (status, answer["outcome"]) == (200, "stored"), answer
    return code, phone


def message(page, phone, kind):
    return page.locator(f'[data-phone="{phone}"] [data-kind="{kind}"]')


def follow(page, code):
    """The list of the stages that a dossier has reached."""
    page.fill("#follow", code)
    return page.locator(f'#changes [data-dossier="{code}"]')


def stage(page, code, name):
    return page.locator(f'#changes [data-dossier="{code}"] [data-stage="{name}"]')


def push(page, code, step):
    page.fill("#push-code", code)
    page.select_option("#push-step", step)
    page.click("#push button")


def fault(page, part, value):
    page.check(f'[data-fault="{part}"] input[value="{value}"]')


# ---------------------------------------------------------------------- the day

def test_the_day_appears_while_it_is_played(day, open_page):
    meanwhile, run = day
    assert meanwhile == "A working day is being played"
    page = open_page()

    def of_the_day(phone, kind):
        return message(page, phone, kind).filter(has_text=run)

    expect(page.locator("#day")).to_have_text("The day has been played: now try it yourself")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    # Its citizen has opted out.
    refused = of_the_day("0912013577", "result")
    expect(refused).to_have_attribute("data-delivery", "undelivered")
    expect(refused).to_contain_text("does not want messages")
    expect(of_the_day("0978045253", "result")).to_have_attribute("data-delivery", "delivered")
    expect(of_the_day("0935246810", "supplement")).to_contain_text("cần bổ sung theo quy định")
    # The number of 2017 was converted.
    expect(of_the_day("0387654321", "apology")).to_contain_text("nhận Thông báo xin lỗi")
    expect(of_the_day("0944069010", "result")).to_have_count(2)
    expect(of_the_day("0912013577", "inquiry").first).to_contain_text("MCKH 0161712000")
    expect(of_the_day("0912013577", "reply").first).to_contain_text("Đúng hạn")


@pytest.mark.parametrize(("name", "width", "height", "from_part"), [("phones.png", 1280, 1300, "body"), ("phones-360.png", 360, 760, "#phones")])
def test_the_documents_pictures_can_be_taken(open_page, name, width, height, from_part):
    """SCREENSHOTS=1 make test writes them again; otherwise each run would change them."""
    page = open_page(locale="vi-VN", width=width, height=height)
    page.evaluate("part => { document.querySelector(part).scrollIntoView(); return document.fonts.ready; }", from_part)
    picture = page.screenshot(animations="disabled")
    assert len(picture) < 250_000
    if os.environ.get("SCREENSHOTS") or not (IMAGES / name).exists():
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / name).write_bytes(picture)


def test_the_page_leads_to_the_desk(open_page):
    page = open_page(locale="vi-VN")
    page.get_by_role("link", name="Bàn làm việc của cán bộ").click()
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()


def test_a_text_to_8083_is_answered_on_its_phone(open_page):
    code, phone = new_dossier(step="Trình lãnh đạo phòng")
    page = open_page(locale="vi-VN")
    field = page.locator(f"#text-{phone}")
    expect(field).to_have_value(f"MCKH {code}")
    field.press("Enter")
    expect(message(page, phone, "reply")).to_contain_text(f"({code}) hiện đang ở bước Trình lãnh đạo phòng")
    expect(message(page, phone, "inquiry")).to_contain_text(f"MCKH {code}")


def test_a_result_is_followed_from_the_push_to_its_receipt(open_page):
    code, phone = new_dossier()
    page = open_page()
    expect(page.locator(f'[data-phone="{phone}"]')).to_be_visible()
    follow(page, code)
    push(page, code, "Trả kết quả")
    expect(page.locator("#push-result")).to_contain_text(code)
    expect(message(page, phone, "result")).to_contain_text("đã được giải quyết xong")
    for name in ["pushed", "stored", "stream", "outbox", "sms", "delivery"]:
        expect(stage(page, code, name)).to_have_attribute("data-mark", "done")
    expect(page.locator("#push-follows")).not_to_be_empty()


def test_a_change_that_owes_nothing_says_why(open_page):
    code, _ = new_dossier()
    page = open_page()
    expect(page.locator(f'#codes option[value="{code}"]')).to_have_count(1)
    push(page, code, "Văn thư vào sổ")
    expect(page.locator("#push-follows")).to_have_text("No SMS is required at this step and status.")
    follow(page, code)
    expect(stage(page, code, "nothing")).to_contain_text("No SMS is required at this step")
    without_phone = new_code()
    page.fill("#push-code", without_phone)
    page.fill("#push-phone", "02583822229")
    page.click("#push button")
    expect(page.locator("#push-follows")).to_have_text("The number is a fixed line, which receives no SMS.")
    page.fill("#push-code", code)
    page.select_option("#push-step", "Trả kết quả")
    page.check("#push-no-phone")
    page.click("#push button")
    expect(page.locator("#push-follows")).to_have_text("The citizen left no phone number, so no SMS can be sent.")
    expect(page.locator("#push-no-phone")).not_to_be_checked()
    page.fill("#push-code", "<script>")
    page.click("#push button")
    expect(page.locator("#push-error")).to_contain_text("This is not a receipt code")


# ---------------------------------------------------------------------- faults

def test_what_sns_refuses_waits_and_is_sent_after_the_fault_with_the_evenings_apologies(open_page, no_fault):
    code, phone = new_dossier()
    _, of_tomorrow = new_dossier(appointment_on=TOMORROW)
    page = open_page()
    fault(page, "sns", "refuses")
    expect(page.locator("#fault-banner")).to_contain_text("SNS refuses every message")
    push(page, code, "Trả kết quả")
    follow(page, code)
    expect(stage(page, code, "sms")).to_contain_text("Throttling")
    expect(stage(page, code, "outbox")).to_have_attribute("data-mark", "waiting")
    expect(message(page, phone, "result")).to_have_count(0)
    fault(page, "sns", "none")
    expect(page.locator("#fault-banner")).to_be_empty()
    # The plan of the evening starts the sender, which sends all that is due.
    page.click("#evening")
    expect(page.locator("#evening-result")).to_contain_text("1")
    expect(message(page, of_tomorrow, "apology")).to_contain_text("nhận Thông báo xin lỗi")
    expect(message(page, phone, "result")).to_have_count(1, timeout=90_000)
    expect(stage(page, code, "delivery")).to_have_attribute("data-mark", "done")


def test_a_change_waits_in_the_stream_while_the_outbox_is_throttled_and_is_sent_once(open_page, no_fault):
    code, phone = new_dossier()
    page = open_page()
    fault(page, "table", "throttles")
    expect(page.locator("#fault-banner")).not_to_be_empty()
    push(page, code, "Trả kết quả")
    follow(page, code)
    expect(stage(page, code, "stream")).to_have_attribute("data-mark", "waiting")
    page.wait_for_timeout(1_500)
    expect(stage(page, code, "stream")).to_have_attribute("data-mark", "waiting")
    fault(page, "table", "none")
    expect(stage(page, code, "delivery")).to_have_attribute("data-mark", "done")
    expect(message(page, phone, "result")).to_have_count(1)


def test_a_receipt_that_is_lost_leaves_the_message_without_an_end(open_page, no_fault):
    code, phone = new_dossier()
    page = open_page()
    fault(page, "receipts", "lost")
    expect(page.locator("#fault-banner")).not_to_be_empty()
    push(page, code, "Trả kết quả")
    expect(message(page, phone, "result")).to_have_count(1)
    page.wait_for_timeout(2_500)
    expect(message(page, phone, "result")).to_have_attribute("data-delivery", "none")


# ---------------------------------------------------------------------- for everyone

@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["vi-VN", "en-GB"])
def test_axe_finds_no_violation(open_page, no_fault, locale, scheme):
    post("/faults", {"receipts": "lost"})
    page = open_page(locale=locale, color_scheme=scheme)
    expect(page.locator("#fault-banner")).not_to_be_empty()
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 360])
def test_a_narrow_phone_needs_no_sideways_scrolling(open_page, width):
    page = open_page(locale="vi-VN", width=width, height=760)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for part in ["#map", "#push", "#evening", "#phone-list"]:
        expect(page.locator(part)).to_be_visible()


def tab_to(page, selector):
    """Presses Tab until that element has the focus; every stop on the way must show that it has it."""
    for _ in range(200):
        page.keyboard.press("Tab")
        there, has_outline = page.evaluate(
            """selector => {
                const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
                const isDate = document.activeElement.type === "date"; // Chromium shows the focus on a part inside it.
                return [document.activeElement.matches(selector), isDate || (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)];
            }""", selector)
        assert has_outline, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if there:
            return
    raise AssertionError(f"{selector} is not reached by Tab")


def choose_by_arrows(page, selector, value):
    page.keyboard.press("Home")
    for _ in range(50):
        if page.input_value(selector) == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{value} is not in the list")


def test_everything_can_be_done_by_keyboard(open_page, no_fault):
    code, phone = new_dossier()
    page = open_page(locale="vi-VN")
    expect(page.locator(f"#text-{phone}")).to_have_value(f"MCKH {code}")
    tab_to(page, "#push-code")
    page.keyboard.press("Control+A")
    page.keyboard.type(code)
    tab_to(page, "#push-step")
    choose_by_arrows(page, "#push-step", "Trả kết quả")
    tab_to(page, "#push button")
    page.keyboard.press("Enter")
    expect(page.locator("#push-result")).to_contain_text(code)
    tab_to(page, "#evening")
    page.keyboard.press("Space")
    expect(page.locator("#evening-result")).not_to_be_empty()
    tab_to(page, '[name="sns"]')
    page.keyboard.press("ArrowDown")
    expect(page.locator("#fault-banner")).to_contain_text("SNS từ chối")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#fault-banner")).to_be_empty()
    tab_to(page, f"#text-{phone}")
    page.keyboard.press("Enter")
    expect(message(page, phone, "reply")).to_contain_text(code)
    assert page.evaluate("document.activeElement.id") == f"text-{phone}", "the new messages took the focus away"


# ---------------------------------------------------------------------- what may not happen

def deliver(phone, text):
    """The network delivers a message that is not the system's."""
    query = urllib.parse.urlencode({"Action": "Publish", "PhoneNumber": phone, "Message": text}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": authorization("sns")}
    urllib.request.urlopen(urllib.request.Request(os.environ["ONESTOP_ENDPOINT"], query, headers), timeout=30).close()


@pytest.mark.parametrize("width", [1280, 360])
def test_scripts_emoji_and_long_texts_are_shown_as_text(open_page, width):
    script = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> 😀👨‍👩‍👧"
    code, phone = staff.push(procedure=script, step=script, status=script, unit=script, office=script)
    deliver("+84" + phone[1:], "A" * 5_000 + script)
    page = open_page(width=width)
    sms = message(page, phone, "reply")
    expect(sms).to_contain_text("<script>window.hacked = 1</script>")
    expect(sms).to_contain_text("A" * 5_000 + "<script>")
    field = page.locator(f"#text-{phone}")
    field.fill(script)
    field.press("Enter")
    expect(message(page, phone, "inquiry")).to_contain_text(script)
    field.fill("😀" * 5_000)
    field.press("Enter")
    expect(page.locator(f"#text-error-{phone}")).to_contain_text("longer than 1,000 characters")
    page.fill("#push-code", code)
    expect(follow(page, code)).to_contain_text("<script>window.hacked = 1</script>")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main script, main img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def get(path, **headers):
    with urllib.request.urlopen(urllib.request.Request(URL + path, headers=headers), timeout=10) as answer:
        return answer


def test_the_page_is_on_this_machine_only():
    with socket.socket() as here, pytest.raises(ConnectionRefusedError):
        # An address of loopback that is not the one it listens on: a server on every address would answer here.
        here.connect(("127.0.0.2", urllib.parse.urlsplit(URL).port))


def test_another_site_is_refused_by_any_name():
    port = urllib.parse.urlsplit(URL).port
    change = {"table": "throttles"}
    for headers in [{"Host": f"evil.example:{port}"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]:
        status, answer = post("/faults", change, **headers)
        assert (status, sorted(answer)) == (403, ["error_en", "error_vi"]), headers
        assert ask(urllib.request.Request(URL + "/events", headers=headers))[0] == 403, headers
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]:
        assert post("/faults", change, **{"content-type": kind})[0] == 415, kind
    assert post("/faults", {}, Origin=URL) == (200, {})


def test_the_page_permits_no_script_but_its_own():
    headers = get("/").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


# The last: for ten seconds the function that waits for SNS keeps all other changes waiting.
def test_a_message_without_an_answer_is_in_doubt_and_not_sent_again_at_once(open_page, no_fault):
    code, phone = new_dossier()
    page = open_page()
    fault(page, "sns", "hangs")
    expect(page.locator("#fault-banner")).to_contain_text("SNS does not answer")
    push(page, code, "Trả kết quả")
    follow(page, code)
    expect(stage(page, code, "outbox")).to_contain_text(re.compile("being sent|sending", re.IGNORECASE))
    expect(message(page, phone, "result")).to_have_count(0)
