"""islpy says its true version, whether or not its folder's name was enough, and loads less."""

import subprocess
import sys

import pytest

ASK = (
    "import sys; before = 'importlib.metadata' in sys.modules\n"
    "{first}\n"
    "import tdsl.poly.islpy_classes, islpy\n"
    "spared = before or 'importlib.metadata' not in sys.modules\n"
    "from importlib.metadata import version\n"
    "import re\n"
    "numbers, status = re.match(r'([0-9.]+)([a-z0-9]*?)$', version('islpy')).groups()\n"
    "assert islpy.__version__ == islpy.version.VERSION_TEXT == version('islpy')\n"
    "assert islpy.version.VERSION == tuple(map(int, numbers.split('.'))) and islpy.version.VERSION_STATUS == status\n"
    "assert not [one for one in sys.meta_path if type(one).__name__ == 'VersionFinder']\n"
    "print(spared)"
)


@pytest.mark.parametrize(
    ("first", "spared"),
    [
        ("", "True"),
        ("import islpy", "False"),
        ("import re, tdsl.poly.islpy_version as it; it._FOLDER = re.compile('no folder')", "False"),
    ],
)
def test_the_version(first, spared):
    done = subprocess.run([sys.executable, "-c", ASK.format(first=first)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == spared
