"""What one writes by hand: for each line, each text that is looked for with `in`, then the regular expression that it stands for.

    python bench/handwritten.py PAIRS FILE

PAIRS is a JSON list of [text, regular expression]. Prints how many lines match.
"""

import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as pairs:
    wanted = [(text, re.compile(pattern)) for text, pattern in json.load(pairs)]
count = 0
with open(sys.argv[2], encoding="utf-8", errors="replace") as log:
    for line in log:
        for text, pattern in wanted:
            if text in line and pattern.search(line):
                count += 1
                break
print(count)
