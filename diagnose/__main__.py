"""`python -m diagnose`."""

from diagnose.entry import main

main()
