"""Reads the messages of journal files through systemd-python and looks for nothing: the least that a reader of entries costs.

    python bench/reader.py FILE...

Prints how many entries have a message.
"""

import sys

from systemd import journal

print(sum(bool(entry.get("MESSAGE")) for entry in journal.Reader(files=sys.argv[1:])))
