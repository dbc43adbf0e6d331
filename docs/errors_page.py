"""docs/errors.md: one section an error code; nothing in, the text of tdsl/error_pages as one page out."""

from tdsl.error_pages import render_pages


def page() -> str:
    """The whole text."""
    return render_pages()
