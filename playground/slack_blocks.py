"""Slack's limits on text, blocks and modals, as its API refuses what goes beyond them. Pure."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

Json = dict[str, Any]
TEXT, UPDATED_TEXT, ALL_BLOCKS, BLOCKS, MODAL_BLOCKS = 40_000, 4_000, 13_000, 50, 100
INTERACTIVE = {
    "button", "checkboxes", "datepicker", "timepicker", "overflow", "radio_buttons", "static_select", "users_select",
    "multi_static_select", "plain_text_input", "number_input", "email_text_input", "conversations_select",
    "external_select", "channels_select", "multi_users_select", "datetimepicker", "url_text_input",
}  # fmt: skip


class Refused(Exception):
    """Slack's word for what is wrong, and the remarks that it adds."""

    def __init__(self, error: str, *remarks: str) -> None:
        super().__init__(error)
        self.error = error
        self.remarks = list(remarks)


def check_message(text: str, blocks: object, *, longest: int = TEXT) -> list[Json]:
    """Return the blocks of a message with their ids filled in, or refuse as Slack does."""
    if len(text) > longest:
        raise Refused("msg_too_long")
    checked = check_blocks(blocks, most=BLOCKS)
    if sum(map(_letters, checked)) > ALL_BLOCKS:
        raise Refused("msg_blocks_too_long")
    return checked


def check_view(view: object) -> Json:
    """Return a modal with its ids filled in, or refuse as Slack does."""
    if not isinstance(view, dict) or view.get("type") != "modal":
        raise Refused("invalid_arguments", "[ERROR] unsupported type: view [json-pointer:/view/type]")
    for name in ("title", "submit", "close"):
        if name in view or name == "title":
            _text_object(view.get(name), f"/view/{name}", most=24, kinds=("plain_text",))
    _at_most(view.get("private_metadata", ""), 3000, "/view/private_metadata")
    _at_most(view.get("callback_id", ""), 255, "/view/callback_id")
    blocks = check_blocks(view.get("blocks"), most=MODAL_BLOCKS, where="/view/blocks")
    if any(block["type"] == "input" for block in blocks) and "submit" not in view:
        raise Refused("invalid_arguments", "[ERROR] missing required field: submit [json-pointer:/view]")
    return {**view, "blocks": blocks}


def check_blocks(blocks: object, *, most: int, where: str = "/blocks") -> list[Json]:
    """Return blocks with their ids filled in; one wrong block refuses all."""
    if blocks in (None, ""):
        return []
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    if len(blocks) > most:
        raise _wrong(f"no more than {most} items allowed", where)
    checked = [_block(block, f"{where}/{index}") for index, block in enumerate(blocks)]
    ids = [block["block_id"] for block in checked]
    if len(set(ids)) < len(ids):
        raise _wrong("block_id already exists", where)
    return checked


def elements(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """Return every interactive element with the block that it stands in."""
    found = []
    for block in blocks:
        inside = [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]
        found += [(block, each) for each in inside if isinstance(each, dict) and each.get("type") in INTERACTIVE]
    return found


def _block(block: object, where: str) -> Json:
    if not isinstance(block, dict) or block.get("type") not in KINDS:
        raise _wrong("unsupported type", f"{where}/type")
    _at_most(block.get("block_id", ""), 255, f"{where}/block_id")
    filled = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
    for name in ("elements", "accessory", "element"):
        if name in filled and filled["type"] in {"actions", "section", "input", "context"}:
            filled[name] = _with_ids(filled[name])
    KINDS[filled["type"]](filled, where)
    return filled


def _with_ids(part: Any) -> Any:  # noqa: ANN401  a list of elements or one
    if isinstance(part, list):
        return [_with_ids(each) for each in part]
    if isinstance(part, dict) and part.get("type") in INTERACTIVE:
        return {**part, "action_id": part.get("action_id") or secrets.token_urlsafe(4)}
    return part


def _section(block: Json, where: str) -> None:
    fields = block.get("fields")
    if "text" not in block and not fields:
        raise _wrong("missing required field: text", where)
    if "text" in block:
        _text_object(block["text"], f"{where}/text", most=3000)
    if fields is not None:
        for index, field in enumerate(_items(fields, f"{where}/fields", most=10)):
            _text_object(field, f"{where}/fields/{index}", most=2000)
    if "accessory" in block:
        _element(block["accessory"], f"{where}/accessory")


def _header(block: Json, where: str) -> None:
    _text_object(block.get("text"), f"{where}/text", most=150, kinds=("plain_text",))


def _context(block: Json, where: str) -> None:
    for index, each in enumerate(_items(block.get("elements"), f"{where}/elements", most=10)):
        if isinstance(each, dict) and each.get("type") == "image":
            continue
        _text_object(each, f"{where}/elements/{index}", most=3000)


def _actions(block: Json, where: str) -> None:
    for index, each in enumerate(_items(block.get("elements"), f"{where}/elements", most=25)):
        _element(each, f"{where}/elements/{index}")
    names = [each["action_id"] for each in block["elements"]]
    if len(set(names)) < len(names):
        raise _wrong("action_id already exists", f"{where}/elements")


def _input(block: Json, where: str) -> None:
    _text_object(block.get("label"), f"{where}/label", most=2000, kinds=("plain_text",))
    _element(block.get("element"), f"{where}/element")


def _markdown(block: Json, where: str) -> None:
    _at_most(block.get("text"), 12_000, f"{where}/text")


def _image(block: Json, where: str) -> None:
    _at_most(block.get("alt_text"), 2000, f"{where}/alt_text")


def _anything(_: Json, __: str) -> None:
    return


KINDS: Mapping[str, Callable[[Json, str], None]] = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "markdown": _markdown,
    "image": _image,
    "divider": _anything,
    "rich_text": _anything,
    "file": _anything,
    "video": _anything,
}


def _element(element: object, where: str) -> None:
    if not isinstance(element, dict) or element.get("type") not in {*INTERACTIVE, "image"}:
        raise _wrong("unsupported type", f"{where}/type")
    _at_most(element.get("action_id", ""), 255, f"{where}/action_id")
    if element["type"] == "button":
        _text_object(element.get("text"), f"{where}/text", most=75, kinds=("plain_text",))
        _at_most(element.get("value", ""), 2000, f"{where}/value")
        _at_most(element.get("url", ""), 3000, f"{where}/url")
        if element.get("style") not in {None, "primary", "danger"}:
            raise _wrong("must be a valid enum value", f"{where}/style")
    if "confirm" in element:
        _confirm(element["confirm"], f"{where}/confirm")
    if element["type"] == "static_select":
        for index, option in enumerate(_items(element.get("options"), f"{where}/options", most=100)):
            if not isinstance(option, dict):
                raise _wrong("must provide an object", f"{where}/options/{index}")
            _text_object(option.get("text"), f"{where}/options/{index}/text", most=75)
            _at_most(option.get("value"), 150, f"{where}/options/{index}/value")


def _confirm(confirm: object, where: str) -> None:
    if not isinstance(confirm, dict):
        raise _wrong("must provide an object", where)
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if name in confirm or name in {"title", "text"}:
            _text_object(confirm.get(name), f"{where}/{name}", most=most)


def _text_object(part: object, where: str, *, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> None:
    if not isinstance(part, dict):
        raise _wrong("missing required field: text", where)
    if part.get("type") not in kinds:
        raise _wrong("must be a valid enum value", f"{where}/type")
    if not part.get("text"):
        raise _wrong("must be more than 0 characters", f"{where}/text")
    _at_most(part["text"], most, f"{where}/text")


def _items(part: object, where: str, *, most: int) -> list[Any]:
    if not isinstance(part, list) or not part:
        raise _wrong("must provide an array with at least one item", where)
    if len(part) > most:
        raise _wrong(f"no more than {most} items allowed", where)
    return part


def _at_most(part: object, most: int, where: str) -> None:
    if not isinstance(part, str):
        raise _wrong("must provide a string", where)
    if len(part) > most:
        raise _wrong(f"must be less than {most + 1} characters", where)


def _letters(part: object) -> int:
    """Count the characters that people see."""
    if isinstance(part, list):
        return sum(map(_letters, part))
    if not isinstance(part, dict):
        return 0
    own = len(part["text"]) if isinstance(part.get("text"), str) else 0
    return own + sum(_letters(value) for value in part.values())


def _wrong(what: str, where: str) -> Refused:
    error = "invalid_arguments" if where.startswith("/view") else "invalid_blocks"
    return Refused(error, f"[ERROR] {what} [json-pointer:{where}]")
