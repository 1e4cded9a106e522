"""The pages of the desk in a real browser: what clerks, supervisors and accountants see and do there."""

import csv
import datetime
import io
import json
import os
import re
import secrets
import urllib.request

import pytest
from conftest import ROOT, URL, new_code, new_phone, post, violations
from playwright.sync_api import expect
from staff import (ACCOUNTANT, CLERK, DESK, OFFICE, OFFICE_CLERK, STACK, SUPERVISOR, eventually, invoke, log_in, look_up, push, report,
                   row_of, rows, run_sender, session_of, text_to_8083)

HERE = datetime.timezone(datetime.timedelta(hours=7))
TODAY = datetime.datetime.now(HERE).date()
IMAGES = ROOT / "docs" / "images"
INVALID = "Invalid phone number"
SCRIPT = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>"


@pytest.fixture
def no_receipts():
    """The phone network of the page reports nothing by itself."""
    if URL:
        post("/faults", {"receipts": "lost"})
    yield
    if URL:
        post("/faults", {"receipts": "none"})


@pytest.fixture(scope="module")
def sessions():
    """The cookies of each of the staff who has logged in already."""
    return {}


@pytest.fixture
def at_the_desk(open_desk, sessions):
    """One of the staff, logged in, on the first page: `at_the_desk(CLERK, width=360)`. The session is an earlier test's, unless it will be ended."""
    def seated(who, ends=False, **how):
        page = open_desk(**how)
        if ends or who not in sessions:
            log_in(page, who)
        else:
            page.context.add_cookies(sessions[who])
            page.goto(DESK)
        if not ends:
            sessions[who] = page.context.cookies()
        return page

    return seated


def undelivered(words=INVALID, **fields):
    """A dossier whose result did not arrive, and is not sent again by itself."""
    code, phone = push(step="Trả kết quả", **fields)
    report(code, words)
    return code, phone


def apologised(**fields):
    """A dossier that is due tomorrow, and whose apology is planned."""
    code, _ = push(appointment_on=(TODAY + datetime.timedelta(days=1)).isoformat(), **fields)
    at = datetime.datetime.combine(TODAY, datetime.time(10, 30), datetime.timezone.utc)
    # The local index by appointment is consistent; the deployed one has a second pass.
    invoke("ApologyFunction", {"version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "0", "region": "x",
                               "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "resources": [], "detail": {}})
    notice = f"apology#{(TODAY + datetime.timedelta(days=1)).isoformat()}"
    eventually("the apology is planned", lambda: row_of(code, notice))
    return code


def audited(action):
    """The entries of today's audit."""
    return [row for row in rows(f"audit#{TODAY.isoformat()}") if row["action"] == action]


# ---------------------------------------------------------------------- look up

def test_a_clerk_finds_a_dossier_as_people_write_its_code_and_sees_what_was_told(at_the_desk, no_receipts):
    code, phone = undelivered()
    text_to_8083(phone, f"MCKH {code}")
    page = at_the_desk(CLERK)
    page.fill("#code", f" {code.lower()} ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    main = page.locator("main")
    expect(main).to_contain_text("đã được giải quyết xong")
    expect(main).to_contain_text("Người dân đã hỏi qua 8083")
    expect(main).to_contain_text(f"MCKH {code}")
    shown = main.inner_text()
    assert phone not in shown and phone[-9:] not in shown.replace(" ", ""), "a clerk sees no whole number"
    assert phone[-3:] in shown.replace(" ", "")
    assert [row["receipt_code"] for row in audited("looked_up") if row.get("receipt_code") == code]


def test_a_supervisor_sees_the_whole_number_and_finds_by_it(at_the_desk):
    code, phone = push()
    page = at_the_desk(SUPERVISOR)
    page.get_by_role("link", name="Theo số điện thoại").click()
    page.fill("#phone", f"{phone[:4]} {phone[4:7]} {phone[7:]}")
    page.get_by_role("button", name="Tra cứu").click()
    assert phone[1:] not in page.url, "no number in an address"
    page.get_by_role("link", name=code).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    assert phone[1:] in page.locator("main").inner_text().replace(" ", "").replace(".", "")


def test_a_clerk_does_not_look_up_by_phone_and_an_accountant_opens_no_dossier(at_the_desk):
    code, _ = push()
    clerk, accountant = at_the_desk(CLERK), at_the_desk(ACCOUNTANT)
    expect(clerk.get_by_role("link", name="Theo số điện thoại")).to_have_count(0)
    for page, path in [(clerk, "/phone"), (clerk, "/month"), (accountant, f"/dossier?code={code}"), (accountant, "/calls"), (accountant, "/letters")]:
        page.goto(DESK + path)
        expect(page.get_by_role("alert")).to_contain_text("không có quyền")


def test_another_offices_dossier_is_refused(at_the_desk):
    own, other = push(office=OFFICE)[0], push(office="Sở Y tế")[0]
    page = at_the_desk(OFFICE_CLERK)
    look_up(page, own)
    expect(page.get_by_role("heading", level=1)).to_contain_text(own)
    look_up(page, other)
    expect(page.get_by_role("alert")).to_contain_text("thuộc cơ quan khác")
    assert "hướng dẫn viên" not in page.content()


def test_an_unknown_code_says_so_and_how_codes_look(at_the_desk):
    page = at_the_desk(CLERK)
    look_up(page, new_code())
    expect(page.get_by_role("alert")).to_contain_text("Không có hồ sơ nào mang mã số này")
    expect(page.locator("main")).to_contain_text("0161701234")


def test_where_nothing_was_sent_the_page_says_why(at_the_desk):
    page = at_the_desk(CLERK)
    for fields, why in [({"phone": None, "step": "Trả kết quả"}, "số điện thoại"), ({"phone": "02583822229", "step": "Trả kết quả"}, "cố định"),
                        ({"same_day": True, "step": "Trả kết quả"}, "trong ngày")]:
        code, _ = push(**fields)
        look_up(page, code)
        expect(page.locator(".note").first).to_contain_text(why)


def test_an_injected_script_is_shown_as_text_everywhere(at_the_desk, no_receipts):
    code, phone = undelivered(procedure=SCRIPT, status=SCRIPT, unit=SCRIPT, office=SCRIPT)
    late, _ = push(procedure=SCRIPT, step=SCRIPT, unit=SCRIPT, office=SCRIPT, received_on="2025-01-02", appointment_on="2025-01-03")
    apology = apologised(procedure=SCRIPT, office=SCRIPT, step=SCRIPT)
    text_to_8083(phone, f"MCKH {code} {SCRIPT}")
    push(receipt_code=code, revision=2, step="Trả kết quả", phone=SCRIPT, procedure=SCRIPT, status=SCRIPT, unit=SCRIPT, office=SCRIPT)
    page = at_the_desk(SUPERVISOR)

    def is_text(shown):
        for words in ["<script>window.hacked = 1</script>", "<img src=x onerror='window.hacked = 1'>"]:
            expect(shown).to_contain_text(words)
        assert page.evaluate("window.hacked") is None
        assert page.locator("main script, main img").count() == 0

    for path in ["", f"/dossier?code={code}", f"/dossier?code={late}", f"/dossier?code={SCRIPT}", "/calls", f"/letters?evening={TODAY.isoformat()}",
                 f"/slips?code={apology}&evening={TODAY.isoformat()}", "/inquiries", "/month?month=2025-01", "/letters?evening=<script>", "/month?month=<script>", "/phone"]:
        page.goto(DESK + path)
        expect(page.locator("main")).to_be_visible()
        assert page.evaluate("window.hacked") is None, path
        assert page.locator("main script, main img").count() == 0, path
        assert fits(page), path
    look_up(page, code)
    is_text(page.locator("main"))
    page.goto(f"{DESK}/calls")
    is_text(line_of(page, code))
    page.goto(f"{DESK}/letters")
    is_text(line_of(page, apology, "tr", "Thư xin lỗi"))
    page.goto(f"{DESK}/slips?code={apology}&evening={TODAY.isoformat()}")
    is_text(page.get_by_role("region", name=f"Phiếu của hồ sơ {apology}"))


# ---------------------------------------------------------------------- to phone

def line_of(page, code, element="article", heading="Cần gọi điện"):
    """The line of a dossier in a list, on whichever of its pages."""
    line = page.locator(element).filter(has_text=code)
    expect(page.locator("h1")).to_have_text(heading)
    while not line.count():
        page.get_by_role("link", name="Xem tiếp").click()
        page.wait_for_load_state()
    return line


def test_whoever_was_phoned_is_ticked_with_a_word_and_leaves_the_list(at_the_desk, no_receipts):
    code, _ = undelivered()
    page = at_the_desk(CLERK)
    page.get_by_role("link", name="Cần gọi điện").click()
    line = line_of(page, code)
    expect(line).to_contain_text("không")
    line.get_by_label("Kết quả cuộc gọi").fill("đã nghe máy, mai đến")
    line.get_by_role("button", name="Đã gọi").click()
    expect(page.get_by_role("status")).to_contain_text("Đã ghi")
    assert "to_phone" not in row_of(code, "result#1")
    look_up(page, code)
    expect(page.locator("main")).to_contain_text("đã nghe máy, mai đến")
    expect(page.locator("main")).to_contain_text("Nguyễn Thị Lan")


def test_the_list_is_of_ones_own_office_and_a_tick_of_anothers_does_nothing(at_the_desk, no_receipts):
    own, other = undelivered(office=OFFICE)[0], undelivered(office="Sở Y tế")[0]
    page = at_the_desk(OFFICE_CLERK)
    page.goto(f"{DESK}/calls")
    line = line_of(page, own)
    expect(page.locator("article").filter(has_text=other)).to_have_count(0)
    row = line.locator('input[name="row"]').first
    row.evaluate("(field, row) => { field.value = row }", row.get_attribute("value").replace(own, other))
    line.get_by_role("button").click()
    page.wait_for_load_state()
    assert "to_phone" in row_of(other, "result#1"), "the other office's citizen is still to be phoned"


# ---------------------------------------------------------------------- send again

def test_a_notice_is_sent_again_with_a_reason_and_at_most_twice_a_day(at_the_desk, no_receipts):
    code, phone = undelivered(words=INVALID)
    page = at_the_desk(CLERK)
    for time in (1, 2):
        look_up(page, code)
        page.get_by_label("Lý do gửi lại").first.fill(f"người dân báo chưa nhận được, lần {time}")
        page.get_by_role("button", name="Gửi lại").first.click()
        expect(page.get_by_role("status")).to_contain_text("gửi lại")
        run_sender()
        eventually(f"sending {time}", lambda: count_of_sms(phone) == time + 1)
    look_up(page, code)
    expect(page.locator("main")).to_contain_text("hai lần")
    expect(page.get_by_role("button", name="Gửi lại")).to_have_count(0)
    assert len([row for row in audited("sent_again") if row.get("receipt_code") == code]) == 2


def count_of_sms(phone):
    with urllib.request.urlopen(f"{STACK.endpoint}/_ministack/sns/sms-messages?phoneNumber=%2B84{phone[1:]}", timeout=10) as answer:
        return len(json.loads(answer.read())["sms_messages"].get(f"+84{phone[1:]}", []))


def test_what_is_not_true_any_more_is_not_sent_again(at_the_desk, no_receipts):
    code, phone = undelivered(words=INVALID)
    page = at_the_desk(CLERK)
    look_up(page, code)
    push(receipt_code=code, phone=phone, revision=2, step="Thẩm định lại hồ sơ")
    page.get_by_label("Lý do gửi lại").first.fill("thử")
    page.get_by_role("button", name="Gửi lại").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Không gửi lại được")
    assert count_of_sms(phone) == 1


# ---------------------------------------------------------------------- letters

def test_a_slip_is_printed_on_a5_with_what_we_hold_and_the_rest_blank(at_the_desk):
    code = apologised(office=OFFICE, procedure="Cấp giấy chứng nhận " * 15)
    page = at_the_desk(CLERK)
    page.get_by_role("link", name="Thư xin lỗi").click()
    line_of(page, code, "tr", "Thư xin lỗi")
    page.get_by_role("link", name=f"In phiếu của hồ sơ {code}").click()
    slip = page.get_by_role("region", name=f"Phiếu của hồ sơ {code}")
    for words in ["PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", code, OFFICE, "Lý do:"]:
        expect(slip).to_contain_text(words)
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1, "one page"
    width, height = (float(side) for side in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (148, 210), "A5"


# ---------------------------------------------------------------------- months

def test_the_month_of_8083_is_a_table_and_a_file_that_excel_opens(at_the_desk):
    _, phone = push()
    text_to_8083(phone, "MCKH 0161709999")
    page = at_the_desk(ACCOUNTANT)
    page.get_by_role("link", name="Tháng của 8083").click()
    expect(page.get_by_role("table").first).to_contain_text("kannel")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải bảng theo ngày").click()
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf"), "a byte order mark, for Excel"
    table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert len(table) >= 2 and len({len(line) for line in table}) == 1 and download.value.suggested_filename.endswith(".csv")


def test_the_operators_file_is_laid_beside_ours(at_the_desk, tmp_path):
    _, phone = push()
    text_to_8083(phone, "MCKH 0161709998")
    now = datetime.datetime.now(HERE)
    page = at_the_desk(ACCOUNTANT)
    page.goto(f"{DESK}/inquiries")
    page.get_by_role("link", name="Đối chiếu").click()
    file = tmp_path / "nha-mang.csv"
    # The operator's own ids, and a text of somebody else.
    file.write_text(f"Mã,Lúc,Thuê bao,Tiền\nabc-1,{now:%d/%m/%Y %H:%M:%S},84{phone[1:]},0\nabc-2,{now:%d/%m/%Y %H:%M:%S},84{new_phone()[1:]},1000\n")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Đối chiếu").click()
    assert violations(page) == []
    for field, column in [("Thời gian", "Lúc"), ("Số điện thoại", "Thuê bao"), ("Số tiền", "Tiền")]:
        page.get_by_label(field).select_option(label=column)
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Đối chiếu").click()
    expect(page.get_by_role("status")).to_have_text("1 tin giống nhau ở hai bên.")
    expect(page.get_by_role("heading", name="Chỉ nhà mạng có: 1 tin")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(("name", "content"), [
    ("anh.csv", b"\x89PNG\r\n\x1a\n\0\0\0"), ("trong.csv", b""), ("mot-cot.csv", b"x\n1\n"), ("so.xlsx", b"PK\x03\x04" + b"\0" * 100),
    ("lon.csv", b"a,b\n" * 1_500_000),
], ids=["a picture", "empty", "one column", "a workbook", "6 MB"])
def test_a_file_that_cannot_be_used_gets_a_sentence_that_says_what_to_do(at_the_desk, tmp_path, name, content):
    _, phone = push()
    text_to_8083(phone, "MCKH 0161709997")
    page = at_the_desk(ACCOUNTANT)
    page.goto(f"{DESK}/operator")
    file = tmp_path / name
    file.write_bytes(content)
    page.locator("#file").evaluate("field => field.removeAttribute('accept')")
    page.set_input_files("#file", str(file))
    page.get_by_role("button", name="Đối chiếu").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("CSV|tệp|cột", re.IGNORECASE))


def test_the_month_counts_late_dossiers_and_no_cell_is_a_formula(at_the_desk):
    year = 2000 + secrets.randbelow(24)
    for office in ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(1)", "\t=1"]:
        push(office=office, received_on=f"{year}-03-01", appointment_on=f"{year}-03-05")
    page = at_the_desk(SUPERVISOR)
    page.goto(f"{DESK}/month?month={year}-03")
    expect(page.locator("main")).to_contain_text("=cmd|' /C calc'!A0")
    with page.expect_download() as download:
        page.get_by_role("link", name="Tải bảng theo ngày và cơ quan").click()
    content = download.value.path().read_text("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(content)) for cell in line]
    assert any("cmd|" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")], cells


# ---------------------------------------------------------------------- for everybody

def fits(page):
    """Nothing is wider than the screen: an office's, a small phone's."""
    sizes = []
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        sizes.append(page.evaluate("document.documentElement.scrollWidth") <= width)
    return all(sizes)


def test_axe_finds_no_violation_on_any_page_and_none_is_wider_than_the_screen(at_the_desk, no_receipts):
    code, phone = undelivered()
    text_to_8083(phone, f"MCKH {code}")
    apology = apologised()
    page = at_the_desk(SUPERVISOR)
    for path, heading in [("", "Tra cứu hồ sơ"), (f"/dossier?code={code}", f"Hồ sơ {code}"), (f"/dossier?code={new_code()}", "Không"),
                          ("/phone", "Tra cứu theo số điện thoại"), ("/calls", "Cần gọi điện"), ("/letters", "Thư xin lỗi"),
                          (f"/slips?code={apology}&evening={TODAY.isoformat()}", "Phiếu xin lỗi"), ("/inquiries", "Tin nhắn đến 8083"), ("/operator", "Đối chiếu"),
                          ("/month", "Tổng hợp tháng"), ("/nothing/here", "Không")]:
        page.goto(DESK + path)
        expect(page.locator("h1")).to_contain_text(heading)
        assert violations(page) == [], path
        assert fits(page), path
        page.set_viewport_size({"width": 360, "height": 800})
        assert violations(page) == [], path


def test_a_clerks_work_can_be_done_by_keyboard_and_without_a_script(at_the_desk, no_receipts):
    code, _ = undelivered()
    page = at_the_desk(CLERK, javascript=False)
    page.goto(DESK)
    tab_to(page, page.locator("#code"))
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    tab_to(page, page.get_by_role("link", name="Cần gọi điện"))
    page.keyboard.press("Enter")
    line = line_of(page, code)
    tab_to(page, line.get_by_label("Kết quả cuộc gọi"), most=400)
    page.keyboard.type("không ai nghe")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Đã ghi")


def tab_to(page, target, most=60):
    expect(target).to_have_count(1)
    for _ in range(most):
        page.keyboard.press("Tab")
        if target.evaluate("node => node === document.activeElement"):
            assert target.evaluate("node => getComputedStyle(node).outlineStyle") != "none", "nobody sees where one is"
            return
    raise AssertionError("it cannot be reached by Tab")


def test_what_a_supervisor_does_can_be_done_by_keyboard(at_the_desk, no_receipts):
    code, phone = undelivered()
    apology = apologised()
    page = at_the_desk(SUPERVISOR)
    look_up(page, code)
    tab_to(page, page.get_by_label("Lý do gửi lại"))
    page.keyboard.type("người dân báo chưa nhận được")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("gửi lại")
    tab_to(page, page.get_by_role("link", name="Theo số điện thoại"))
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#phone"))
    page.keyboard.type(phone)
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("link", name=code))
    assert violations(page) == []
    page.goto(f"{DESK}/letters")
    line_of(page, apology, "tr", "Thư xin lỗi")
    tab_to(page, page.get_by_role("link", name=f"In phiếu của hồ sơ {apology}"), most=400)
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name=f"Phiếu của hồ sơ {apology}")).to_be_visible()
    page.goto(f"{DESK}/inquiries")
    tab_to(page, page.get_by_role("link", name="Tải bảng theo ngày"))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename.endswith(".csv")
    page.goto(f"{DESK}/operator")
    tab_to(page, page.locator("#file"))
    tab_to(page, page.get_by_role("button", name="Đối chiếu"))


def test_a_form_that_was_open_when_the_session_ended_loses_nothing_that_was_done(at_the_desk):
    code, _ = push()
    page = at_the_desk(CLERK, ends=True)
    tab = page.context.new_page()
    tab.goto(DESK)
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    tab.fill("#code", code)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    log_in(page, CLERK)
    assert session_of(page)


PICTURES = [("desk-tra-cuu", CLERK, "/dossier"), ("desk-can-goi", OFFICE_CLERK, "/calls"), ("desk-thu-xin-loi", OFFICE_CLERK, "/letters"),
            ("desk-phieu", OFFICE_CLERK, "/slips"), ("desk-doi-chieu", ACCOUNTANT, "/operator"), ("desk-8083", ACCOUNTANT, "/inquiries"), ("desk-thang", SUPERVISOR, "/month"), ("desk-so-dien-thoai", SUPERVISOR, "/phone")]


@pytest.fixture(scope="module")
def shown():
    """The codes of a dossier whose notice did not arrive, and of one that was apologised to."""
    if URL:
        post("/faults", {"receipts": "lost"})
    code, phone = undelivered(office=OFFICE)
    text_to_8083(phone, f"MCKH {code}")
    return code, apologised(office=OFFICE)


@pytest.mark.parametrize(("name", "who", "path"), PICTURES)
def test_the_guides_pictures_can_be_taken(at_the_desk, shown, name, who, path):
    """SCREENSHOTS=1 make test writes them again; otherwise each run would change them."""
    code, apology = shown
    page = at_the_desk(who, width=1100, height=900)
    page.goto(DESK + {"/dossier": f"/dossier?code={code}", "/slips": f"/slips?code={apology}&evening={TODAY.isoformat()}"}.get(path, path))
    picture = page.screenshot(animations="disabled")
    assert len(picture) < 250_000
    if os.environ.get("SCREENSHOTS") or not (IMAGES / f"{name}.png").exists():
        (IMAGES / f"{name}.png").write_bytes(picture)
