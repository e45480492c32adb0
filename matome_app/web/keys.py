"""The map of keys: one table, shown as a page and, where `?` asks for it, in a dialog."""

from __future__ import annotations

from typing import Final, NamedTuple

from flask import Response
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from matome_app.web import htmx


class Key(NamedTuple):
    """Keys that do the same kind of thing, as they are printed on a keyboard, and what they do."""

    keys: tuple[str, ...]
    does: LazyString


GROUPS: Final[tuple[tuple[LazyString, tuple[Key, ...]], ...]] = (
    (
        _("どのページでも"),
        (
            Key(("/",), _("検索の欄へ")),
            Key(("?",), _("このキー操作の一覧")),
            Key(("t",), _("ページの先頭へ")),
        ),
    ),
    (
        _("記事を読むとき"),
        (
            Key(("j", "k"), _("次・前のコメント")),
            Key(("o",), _("折りたたみを開く・閉じる")),
            Key(("h", "H"), _("次・前の注目のコメント")),
            Key(("n", "p"), _("検索に一致した次・前のコメント")),
        ),
    ),
    (
        _("検索するとき"),
        (
            Key(("↓", "↑"), _("検索の欄から結果へ、結果の次・前へ")),
            Key(("Enter",), _("検索する、選んだ結果を開く")),
            Key(("Esc",), _("結果から欄へ戻る、欄を空にする、欄を離れる")),
        ),
    ),
)


def key_map() -> Response:
    """Show the map of keys."""
    return htmx.render("help/keys.html", "help/_keys.html", groups=GROUPS)
