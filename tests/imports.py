"""Which file of a package imports which, read from the source: nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

Graph = Mapping[str, set[str]]


def import_graph(package: Path) -> dict[str, set[str]]:
    """Modules that each module of a package imports, other packages left out.

    Imports inside functions count; those under ``if TYPE_CHECKING`` do not, for they never run.
    Importing a name from a package is an import of the module of that name where there is one,
    else of the package's ``__init__``.
    """
    paths = {_module_name(path, package): path for path in sorted(package.rglob("*.py"))}
    return {
        module: {
            target
            for node in _running_imports(ast.parse(path.read_text(encoding="utf-8")))
            for target in _targets(node, module, path.name == "__init__.py", paths)
            if target != module
        }
        for module, path in paths.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Sets of modules that import each other, by way of others or not (Tarjan 1972), sorted."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        stack.append(module)
        for target in sorted(graph.get(module, ())):
            if target not in order:
                visit(target)
                lowest[module] = min(lowest[module], lowest[target])
            elif target in stack:
                lowest[module] = min(lowest[module], order[target])
        if lowest[module] == order[module]:
            start = stack.index(module)
            component, stack[start:] = stack[start:], []
            if len(component) > 1:
                found.append(sorted(component))

    for module in sorted(graph):
        if module not in order:
            visit(module)
    return sorted(found)


def _module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _running_imports(node: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.If) and _is_type_checking(node.test):
        for child in node.orelse:
            yield from _running_imports(child)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _running_imports(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", None)
    return name == "TYPE_CHECKING"


def _targets(
    node: ast.Import | ast.ImportFrom, module: str, is_package: bool, modules: Iterable[str]
) -> Iterator[str]:
    """Modules of the package that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in modules)
        return
    base = node.module or ""
    if node.level:
        parts = module.split(".")
        kept = len(parts) - node.level + is_package
        base = ".".join([*parts[:kept], *([node.module] if node.module else [])])
    for alias in node.names:
        name = f"{base}.{alias.name}"
        if name in modules:
            yield name
        elif base in modules:
            yield base
