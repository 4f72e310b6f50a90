"""Read our YAML texts: checked against a JSON schema, every problem with its file and line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

SCHEMAS = Path(__file__).with_name("schema")


class TextError(Exception):
    """A text file that cannot be used. The message has a line a problem: file, line, what is wrong."""


@dataclass(frozen=True, slots=True)
class Text:
    """A checked file: its data, and the line of each node by its path."""

    path: Path
    data: Any
    lines: dict[tuple[str | int, ...], int]

    def line(self, *at: str | int) -> int:
        """The line of the node at this path, or of its nearest parent."""
        while at not in self.lines and at:
            at = at[:-1]
        return self.lines.get(at, 1)


def load(path: Path, schema: str) -> Text:
    """Read one file and check it against `schema/<schema>.json`; raise `TextError` with all problems."""
    try:
        source = path.read_text(encoding="utf-8")
        node, data = _parsed(source)
    except UnicodeDecodeError as e:
        raise TextError(f"{path.name}：不是 UTF-8 编码（第 {e.start} 字节）") from None
    except yaml.MarkedYAMLError as e:
        line = e.problem_mark.line + 1 if e.problem_mark else 1
        raise TextError(f"{path.name} 第 {line} 行：YAML 写法不对：{e.problem}") from None
    except ValueError as e:  # a date like 2026-13-40
        raise TextError(f"{path.name}：{e}") from None
    text = Text(path, data, dict(_lines(node, ())) if node else {})
    found = [f"{path.name} 第 {text.line(*at)} 行：{'.'.join(map(str, at)) or '文件'}：{what}" for at, what in problems(schema, data)]
    if found:
        raise TextError("\n".join(found))
    return text


def _parsed(source: str) -> tuple[Any, Any]:
    """The nodes of a YAML document, which know their lines, and its data."""
    loader = yaml.CSafeLoader(source)  # libyaml, ten times faster; the wheels have it
    try:
        node = loader.get_single_node()
        return node, loader.construct_document(node) if node is not None else None
    finally:
        loader.dispose()


def problems(schema: str, data: Any) -> list[tuple[tuple[str | int, ...], str]]:
    """What a schema finds wrong: where in the data, and what, in the reader's language."""
    return [(tuple(e.absolute_path), _plain(e)) for e in _validator(schema).iter_errors(_as_json(data))]


def load_all(directory: Path, schema: str) -> list[Text]:
    """All YAML files below a directory, in order of their names; the problems of all files together."""
    texts, found = list[Text](), list[str]()
    for path in sorted(directory.rglob("*.yaml")):
        try:
            texts.append(load(path, schema))
        except TextError as e:
            found.append(str(e))
    if found:
        raise TextError("\n".join(found))
    return texts


@cache
def _validator(schema: str) -> Draft202012Validator:
    document = json.loads((SCHEMAS / f"{schema}.json").read_text(encoding="utf-8"))
    return Draft202012Validator(document, format_checker=FormatChecker())


def _as_json(data: Any) -> Any:
    return json.loads(json.dumps(data, default=str))  # dates become ISO strings


def _lines(node: Any, at: tuple[str | int, ...]) -> Sequence[tuple[tuple[str | int, ...], int]]:
    found = [(at, node.start_mark.line + 1)]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            found += _lines(value, (*at, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for n, value in enumerate(node.value):
            found += _lines(value, (*at, n))
    return found


def _plain(error: Any) -> str:
    """The validator's finding in the reader's language."""
    match error.validator:
        case "required":
            return f"缺少 {error.message.split(chr(39))[1]}"
        case "additionalProperties":
            return f"多了不认识的项：{error.message.split('(')[-1].rstrip(')')}"
        case "type":
            return f"类型不对，要 {error.validator_value}"
        case "minItems" | "maxItems":
            return f"条数不对：有 {len(error.instance)} 条，{'至少' if error.validator == 'minItems' else '最多'} {error.validator_value} 条"
        case "minLength" | "maxLength":
            return f"长度不对：有 {len(error.instance)} 个字，{'至少' if error.validator == 'minLength' else '最多'} {error.validator_value} 个字"
        case "enum" | "const":
            return f"“{error.instance}”不在允许的值里：{error.schema.get('enum', error.validator_value)}"
        case "pattern" | "format":
            return f"“{error.instance}”的写法不对"
        case _:
            return str(error.message)
