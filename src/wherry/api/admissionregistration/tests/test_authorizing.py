"""What expressions ask an authorizer."""

from __future__ import annotations

import pytest

from wherry.api.admissionregistration.authorizing import AUTHORIZATION, AUTHORIZER, Answer, Authorizer, Question
from wherry.cel.environment import Environment
from wherry.cel.errors import EvaluationError

ENVIRONMENT = Environment({"authorizer": AUTHORIZER}, libraries=(AUTHORIZATION,))


def _evaluate(text: str, answer: Answer = Answer(True)) -> tuple[object, list[Question]]:  # noqa: B008 - frozen
    asked: list[Question] = []

    def decide(question: Question) -> Answer:
        asked.append(question)
        return answer

    return ENVIRONMENT.compile(text)({"authorizer": Authorizer(decide, Question())}), asked


def test_about_a_resource() -> None:
    text = (
        "authorizer.serviceAccount('default', 'robot').group('apps').resource('deployments').subresource('scale')"
        ".namespace('n').name('web').labelSelector('a=b').fieldSelector('x=y').check('update').allowed()"
    )
    value, asked = _evaluate(text)
    assert value is True
    assert asked == [
        Question(
            "update",
            "",
            "apps",
            "deployments",
            "scale",
            "n",
            "web",
            "x=y",
            "a=b",
            ("default", "robot"),
        )
    ]


def test_about_a_path() -> None:
    value, asked = _evaluate("authorizer.path('/healthz').check('get').reason()", Answer(False, "because"))
    assert value == "because"
    assert asked == [Question("get", "/healthz")]


def test_when_nobody_knows() -> None:
    answer = Answer(False, error="gone")
    assert _evaluate("authorizer.path('/x').check('get').errored()", answer)[0] is True
    assert _evaluate("authorizer.path('/x').check('get').error()", answer)[0] == "gone"


@pytest.mark.parametrize("text", ["authorizer.path('').check('get')", "authorizer.group('').resource('').check('get')"])
def test_something_must_be_asked_about(text: str) -> None:
    with pytest.raises(EvaluationError, match="must not be empty"):
        _evaluate(text)
