"""What a check found."""

from typing import NamedTuple

OK, PROBLEM, NOT_APPLICABLE = "✓", "✗", "–"


class Result(NamedTuple):
    """`sentence`: of a problem, also what to do next. It never contains a phone number, an e-mail address or a secret."""

    mark: str
    sentence: str


def ok(sentence):
    return Result(OK, sentence)


def problem(sentence):
    return Result(PROBLEM, sentence)


def not_applicable(sentence):
    return Result(NOT_APPLICABLE, sentence)
