"""Every REST route says what it answers, right where it is: the OpenAPI has it from there."""

import ast

from tests.architecture.sources import ROOT, sources

_METHODS = {"get", "post", "put", "patch", "delete", "head", "route"}


def _decorators(function: ast.AsyncFunctionDef) -> dict[str, ast.Call]:
    calls = [each for each in function.decorator_list if isinstance(each, ast.Call)]
    return {each.func.id: each for each in calls if isinstance(each.func, ast.Name)}


def _is_documented(route: ast.Call) -> bool:
    return all(each.arg != "include_in_schema" for each in route.keywords)


class TestRoutes:
    def test_of_plugins_declare_their_answers_and_say_what_they_do(self) -> None:
        silent = [
            f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
            for path in sources("plugins")
            for function in ast.walk(ast.parse(path.read_text()))
            if isinstance(function, ast.AsyncFunctionDef)
            for decorators in [_decorators(function)]
            for route in [decorators[each] for each in _METHODS & decorators.keys()]
            if _is_documented(route) and not ("answers" in decorators and ast.get_docstring(function))
        ]
        assert silent == []
