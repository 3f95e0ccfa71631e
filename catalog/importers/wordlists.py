"""Word lists are written as running text: shorter to read and to review than quoted words."""


def listed(text: str) -> frozenset[str]:
    """The words of a text; with bars in it, what stands between the bars."""
    return frozenset(text.split("|") if "|" in text else text.split())
