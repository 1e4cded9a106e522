"""The door of the desk in a real browser: logging in and out, strangers, sessions and forms that do not count."""

import datetime
import urllib.parse

import pytest
from conftest import new_code, violations
from playwright.sync_api import expect
from staff import (ACCOUNTANT, CLERK, DESK, ENDPOINT, FORM, OFFICE, OFFICE_CLERK, PASSWORDS, STACK, SUPERVISOR, digest, log_in, look_up, plain, push, rows,
                   session_of, token_of)

OVER = "Phiên làm việc đã kết thúc"


@pytest.mark.parametrize(("who", "role"), [(CLERK, "cán bộ một cửa"), (SUPERVISOR, "phụ trách"), (ACCOUNTANT, "kế toán")])
def test_each_of_the_staff_logs_in_sees_who_they_are_and_logs_out(open_desk, who, role):
    page = open_desk()
    log_in(page, who)
    expect(page.locator("form.out")).to_contain_text(role)
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    assert page.url == DESK
    page.goto(DESK)
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()


def test_a_wrong_password_comes_to_nothing(open_desk):
    page = open_desk()
    page.goto(DESK)
    page.get_by_role("link", name="Đăng nhập").click()
    page.fill("#username", CLERK)
    page.fill("#password", PASSWORDS[SUPERVISOR])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Incorrect username or password")).to_be_visible()
    page.goto(DESK)
    expect(page.get_by_role("heading", name="Đăng nhập")).to_be_visible()


def test_one_comes_back_to_the_page_that_was_wanted(open_desk):
    code, _ = push()
    page = open_desk()
    log_in(page, CLERK, f"/dossier?code={code}")
    assert page.url == f"{DESK}/dossier?code={code}"
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["", "/dossier", "/dossier?code=0161701234", "/phone", "/logout", "/nothing/here", "/style.css", "/%2e%2e/docs"])
def test_a_stranger_gets_the_log_in_page_and_nothing_else(method, path):
    status, headers, html = plain(method, path, b"code=0161701234" if method != "GET" else None)
    assert status == 401 and "<h1>Đăng nhập</h1>" in html
    assert headers["cache-control"] == "no-store" and headers["set-cookie"] is None


def test_a_dossier_that_is_there_and_one_that_is_not_look_alike_to_a_stranger():
    there, _ = push()
    missing = new_code()
    (_, _, one), (_, _, other) = plain("GET", f"/dossier?code={there}"), plain("GET", f"/dossier?code={missing}")
    assert one.replace(there, "") == other.replace(missing, "")


def test_the_headers_let_nothing_else_in():
    _, headers, _ = plain("GET", "")
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy == {"default-src": "'none'", "style-src": "'self'", "img-src": "'self' data:", "form-action": "'self'", "frame-ancestors": "'none'",
                      "base-uri": "'none'"}
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin" and headers["strict-transport-security"].startswith("max-age=")


def test_a_session_that_was_stolen_and_ended_is_no_session(open_desk):
    page = open_desk()
    log_in(page, CLERK)
    stolen, token = session_of(page), token_of(page)
    assert plain("GET", "", cookie=f"desk={stolen}")[0] == 200
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    for method, body in [("GET", None), ("POST", f"token={token}".encode())]:
        status, _, html = plain(method, "", body, cookie=f"desk={stolen}", **FORM)
        assert status == 401 and OVER in html
    assert rows(f"session#{digest(stolen)}") == []


def test_a_forged_session_is_no_session(open_desk):
    page = open_desk()
    log_in(page, CLERK)
    real = session_of(page)
    forged = [real[:-2] + ("AA" if real[-2:] != "AA" else "BA"), digest(real), "A" * 43, "", "session#1", "a" * 9_000]
    for cookie in [*(f"desk={value}" for value in forged), f"__Host-desk={real}", f"desk={real}; desk={real}x"]:
        assert plain("GET", "", cookie=cookie)[0] == 401, cookie
    assert plain("GET", "", cookie=f"desk={real}")[0] == 200


def test_a_session_that_ran_out_leads_to_the_log_in_and_back(open_desk):
    code, _ = push()
    page = open_desk()
    log_in(page, CLERK)
    half_an_hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=31)
    STACK.aws("dynamodb", "UpdateItem", {
        "TableName": STACK.outputs()["DeskTable"], "Key": {"pk": {"S": f"session#{digest(session_of(page))}"}, "sk": {"S": "session"}},
        "UpdateExpression": "SET seen_at = :at", "ExpressionAttributeValues": {":at": {"S": half_an_hour_ago.isoformat(timespec="milliseconds")}}})
    look_up(page, code)
    expect(page.get_by_role("alert")).to_contain_text(OVER)
    log_in(page, CLERK, f"/dossier?code={code}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)


def test_a_form_without_the_token_of_its_session_does_nothing(open_desk):
    page, other = open_desk(), open_desk()
    log_in(page, CLERK)
    log_in(other, SUPERVISOR)
    ours = {"cookie": f"desk={session_of(page)}"}
    origin = f"http://{DESK.split('/')[2]}"
    for body, headers in [
        (b"", {}), (b"token=", {}), (f"token={token_of(other)}".encode(), {}), (f"token={token_of(page)}".encode(), {"origin": "http://evil.example"}),
        (f"token={token_of(page)}".encode(), {"origin": "null"}), (f"token={token_of(page)}".encode(), {"content-type": "text/plain"}),
    ]:
        status, _, html = plain("POST", "/logout", body, **{**ours, **FORM, **headers})
        assert status == 403 and "chưa thực hiện gì" in html, (body, headers)
    assert plain("GET", "", **ours)[0] == 200, "nobody was logged out"
    assert plain("POST", "/logout", f"token={token_of(page)}".encode(), **{**ours, **FORM, "origin": origin})[0] == 303


def test_another_site_cannot_send_a_form(open_desk):
    """A browser sends no cookie with a form of another site."""
    page = open_desk()
    log_in(page, CLERK)
    attack = page.context.new_page()
    attack.route("http://evil.example/", lambda route: route.fulfill(
        content_type="text/html", body=f'<form method="post" action="{DESK}/logout"><input name="token" value="x"><button>win</button></form>'))
    attack.goto("http://evil.example/")
    attack.get_by_role("button").click()
    expect(attack.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Đăng xuất")).to_be_visible()


def test_two_tabs_are_one_session_and_end_together(open_desk):
    page = open_desk()
    tab = page.context.new_page()
    for each in (page, tab):
        each.goto(DESK)
        each.get_by_role("link", name="Đăng nhập").click()
    for each in (page, tab):
        each.fill("#username", CLERK)
        each.fill("#password", PASSWORDS[CLERK])
        each.get_by_role("button", name="Sign in").click()
        expect(each.get_by_role("button", name="Đăng xuất")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Đăng xuất")).to_be_visible()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    tab.reload()
    expect(tab.get_by_role("heading", name="Đăng nhập")).to_be_visible()


def test_an_answer_of_the_provider_for_another_browser_is_refused(open_desk):
    page, victim = open_desk(), open_desk()
    page.goto(DESK)
    page.get_by_role("link", name="Đăng nhập").click()
    fields = {field.get_attribute("name"): field.get_attribute("value") for field in page.locator("input[type=hidden]").all()}
    form = urllib.parse.urlencode({**fields, "username": ACCOUNTANT, "password": PASSWORDS[ACCOUNTANT]}).encode()
    status, headers, _ = plain("POST", "/login", form, to=f"{ENDPOINT.scheme}://{ENDPOINT.netloc}", **FORM)
    assert status == 302 and "/login/callback?code=" in headers["location"]
    victim.goto(headers["location"])
    expect(victim.get_by_role("alert")).to_contain_text("trình duyệt khác")
    assert [cookie["name"] for cookie in victim.context.cookies()] == []


def test_the_cookie_is_read_by_no_script(open_desk):
    page = open_desk()
    log_in(page, CLERK)
    assert page.evaluate("document.cookie") == ""
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "desk")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Lax", "/")


def test_who_came_in_and_who_went_is_written_down(open_desk):
    page = open_desk()
    log_in(page, OFFICE_CLERK)
    expect(page.locator("form.out")).to_contain_text(OFFICE)
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).date().isoformat()
    mine = [row for row in rows(f"audit#{today}") if row["name"] == "Trần Văn Minh"]
    assert [row["action"] for row in mine][-2:] == ["logged_in", "logged_out"]


@pytest.mark.parametrize("width", [1280, 360])
def test_the_log_in_page_is_for_everybody(open_desk, width):
    page = open_desk(width=width)
    page.goto(DESK)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_focused()


def test_everything_of_the_door_works_without_a_script(open_desk):
    page = open_desk(javascript=False)
    log_in(page, CLERK)
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_role("link", name="Đăng nhập")).to_be_visible()
