"""The demonstration behind `tdsl demo`: written as a user would, with the public API only."""

from tdsl.demo.run import run

__all__ = ["run"]
