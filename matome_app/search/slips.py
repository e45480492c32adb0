"""TEMP"""


def other_typings(word: str) -> tuple[str, ...]:
    return ()
