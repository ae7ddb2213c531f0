"""Looks for texts in a log with insights-core's journal parser, all of it kept in memory as insights does.

    python bench/insights_parser.py TEXTS FILE

TEXTS holds one text a line. Prints how many lines hold one, some twice.
"""

import sys

from insights.core.context import Context
from insights.parsers.journalctl import JournalAll

with open(sys.argv[1], encoding="utf-8") as texts:
    wanted = texts.read().splitlines()
for number, text in enumerate(wanted):
    JournalAll.keep_scan(f"text_{number}", text)
with open(sys.argv[2], encoding="utf-8", errors="replace") as log:
    found = JournalAll(Context(content=log.read().splitlines(), path=sys.argv[2]))
print(sum(len(getattr(found, f"text_{number}")) for number in range(len(wanted))))
