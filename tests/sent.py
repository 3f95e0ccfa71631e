"""What a browser would send of a page's form, read from its HTML."""

from html.parser import HTMLParser


class Fields(HTMLParser):
    """The values of the form with this mark (an attribute), as they stand in the page."""

    def __init__(self, html: str, mark: str = "data-editing") -> None:
        super().__init__()
        self.data: dict[str, str] = {}
        self.mark = mark
        self.inside = False
        self.templates = 0
        self.select = self.textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        attrs = dict(attributes)
        name, value = attrs.get("name") or "", attrs.get("value") or ""
        if tag == "form":
            self.inside = self.mark in attrs
        self.templates += tag == "template"
        if not self.inside or self.templates:
            return
        if tag == "select":
            self.select = name
            self.data.setdefault(name, "")
        elif tag == "option" and self.select and "selected" in attrs:
            self.data[self.select] = value
        elif tag == "textarea":
            self.textarea, self.data[name] = name, ""
        elif tag == "input" and name:
            if attrs.get("type") in ("checkbox", "radio") and "checked" not in attrs:
                return
            if attrs.get("type") not in ("file", "submit", "button", "image"):
                self.data[name] = value

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.data[self.textarea] += data

    def handle_endtag(self, tag: str) -> None:
        self.templates -= tag == "template"
        if tag == "form":
            self.inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea" and self.textarea:
            self.data[self.textarea] = self.data[self.textarea].removeprefix("\n")
            self.textarea = ""


def sent_by(html: bytes, **changes: str) -> dict[str, str]:
    """The form as it was opened, but for what somebody typed."""
    return {**Fields(html.decode()).data, **changes}
