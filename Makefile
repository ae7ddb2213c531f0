.PHONY: run test lint check pages bench clean

# Diagnose the shipped sample: half a minute of a real MicroShift node, and its NADs and pods.
run:
	@sh .ci/setup run
	@.venv/bin/msnet diagnose --exit-zero --now 2026-11-23T20:10:00Z fixtures/node/journal.export.zst fixtures/node/objects

# Everything that CI runs.
test:
	@sh .ci/setup test
	@$(MAKE) --no-print-directory check

# Each core takes whole files of tests, so that what a file sets up is set up once.
check: lint
	.venv/bin/python -m pytest -n auto --dist loadfile

lint:
	.venv/bin/ruff check
	.venv/bin/ruff format --check -q
	.venv/bin/pyright
	.venv/bin/python -m diagnose.lint

# A page for each rule: docs/rules/.
pages:
	.venv/bin/python -m diagnose.pages

# msnet beside the tools that one would use without it: bench/results.md. BENCH=quick (2 minutes), default (15), full; BENCH_DATA=FOLDER for
# the inputs (8 GB; 1 GB for quick).
BENCH ?= default
BENCH_DATA ?= build/bench
bench:
	@sh .ci/setup bench
	@.venv/bin/python -m bench $(BENCH) --data $(BENCH_DATA)

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .hypothesis
