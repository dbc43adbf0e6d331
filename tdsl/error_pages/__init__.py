"""The error reference as data: every code that tdsl raises has a page here; ``docs/errors.md`` is made from them.

To add a code: append an `ErrorPage` to the file of its letter. `render_pages` gives the document's text. The codes'
first letter and digit are explained in `tdsl/errors.py`. Nothing in tdsl imports this package at run time.
"""

from tdsl.error_pages.page import ErrorPage
from tdsl.error_pages.render import CODES, render_pages

__all__ = ["CODES", "ErrorPage", "render_pages"]
