"""What `make preflight` prints, and its exit status."""

import pytest
from recorded import PERSONAL, PHONE, Refusal, good, recorded, secrets, sender, with_stack

from preflight.__main__ import main, report
from preflight.checks import CHECKS
from preflight.result import ok, problem


def printed(stack, phone="", message=None):
    lines = []
    status = report(stack, phone, 0, lambda line, **_: lines.append(line), message)
    return status, lines


def test_a_stack_in_order_is_a_line_a_check_and_exit_status_0():
    status, lines = printed(recorded())
    assert status == 0
    assert [line.split(":")[0] for line in lines[:-1]] == [f"✓ {title}" for title, _ in CHECKS]
    assert lines[-1] == f"{len(CHECKS)} ✓, 0 ✗, 0 –"


def test_one_problem_is_exit_status_1_and_does_not_stop_the_others():
    status, lines = printed(recorded({("sns", "get_sms_sandbox_account_status"): Refusal("InternalError")}))
    assert status == 1 and len(lines) == len(CHECKS) + 1
    assert lines[-1] == f"{len(CHECKS) - 1} ✓, 1 ✗, 0 –"


def test_what_does_not_apply_is_exit_status_0():
    status, lines = printed(recorded(sender("kannel")))
    assert (status, lines[-1]) == (0, "9 ✓, 0 ✗, 6 –")


def test_the_lines_of_the_test_message_come_last():
    status, lines = printed(recorded(), PHONE, lambda *_: iter([("test message", ok("sent")), ("its receipt", problem("none came"))]))
    assert (status, lines[-3:]) == (1, ["✓ test message: sent", "✗ its receipt: none came", f"{len(CHECKS) + 1} ✓, 1 ✗, 0 –"])


def test_a_test_message_that_fails_on_the_way_is_a_problem():
    def breaks(*_):
        yield "test message", ok("sent")
        raise KeyError(PHONE)

    status, lines = printed(recorded(), PHONE, breaks)
    assert status == 1 and lines[-2].startswith("✗ test message: the check itself failed (KeyError in breaks, line")


@pytest.mark.parametrize("through", ["sns", "aws-sms", "kannel"])
def test_nothing_personal_and_no_secret_is_printed(through):
    leaks = Refusal("InternalError", " ".join(PERSONAL))
    personal = [{}, {("secretsmanager", "get_secret_value"): secrets(intake=" ".join(PERSONAL))}, with_stack(parameters={"Stage": "local"})]
    for changes in personal + [{read: broken} for read in good() for broken in (leaks, KeyError(" ".join(PERSONAL)), {})]:
        _, lines = printed(recorded({**sender(through), **changes}))
        assert len(lines) == len(CHECKS) + 1
        assert not [word for word in PERSONAL if word in "\n".join(lines)], lines


def test_a_setting_that_is_no_number_is_said_before_anything_is_read(monkeypatch, capsys):
    for name in ["DOSSIERS", "WAIT"]:
        monkeypatch.setenv(name, "many")
        assert main() == 2
        assert capsys.readouterr().out == f"✗ {name}=many: a number, 0 or more\n"
        monkeypatch.delenv(name)
