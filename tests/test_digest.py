"""Digests are BLAKE2b's, by whichever module."""

import hashlib
import subprocess
import sys

from tdsl.digest import digest, hasher


def test_the_standard_librarys_blake2b():
    content = bytes(range(256)) * 9
    wanted = hashlib.blake2b(content, digest_size=32).hexdigest()
    parts = hasher()
    parts.update(content[:100])
    parts.update(content[100:])
    assert digest(content) == parts.hexdigest() == wanted and len(wanted) == 64


def test_without_the_inner_module():
    ask = "import hashlib, sys; sys.modules['_blake2'] = None; from tdsl.digest import digest; print(digest(b'x'))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(b"x")
