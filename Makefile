# make run     the chat on http://127.0.0.1:$(PORT)/   (make run PORT=8123 ARGS='--param Key=Value')
#              HTTPS=1: over TLS as well, with HTTP/1.1, HTTP/2 and HTTP/3, on https://localhost:8443/ (PORT + 443)
# make test    lint, types and every test
# make page    the types of the page's scripts, and the unit tests of those that are pure; part of `make test`
# make rehearse    the real `sam build` and `sam deploy`, with moto for AWS, and what they left there; then the chat as built
# make scan    templates, what is pinned, and what was committed: no finding without a written reason (tests/scans/accepted.toml)
# make conformance    the gateway's behaviour, row by row (make conformance URL=wss://…/probe asks a deployed stage)
# make fuzz SECONDS=100    the frame path for six times as long, the HTTP API as long by docs/openapi.yaml, route selection, signatures and the management API
# make chaos   clients talk while everything breaks, 20 times or once (make chaos SEED=7), and what they saw is judged
# make bench   what posts, loads, messages, transports and the page cost, beside other chats; a quarter of an hour (make bench URL='NAME=ws://…?room={room}&name={name}')
# make cost    what a message and an hour cost on AWS, from counted calls and bytes, into docs/
# make screenshots    pictures for the documents, of the page that `make run` serves
# make deploy  build, deploy, publish the page, print the address (make deploy STACK=parley REGION=eu-central-1 ARGS='--parameter-overrides Key=Value')
# make publish the page only: uploads what changed (make publish STACK=… REGION=…)
# make put-out ROOM=… CLIENT=… MINUTES=10    closes a client's connections and keeps it out (local: ARGS='--url http://127.0.0.1:8000')
# make teardown    deletes the stack and what is in it (make teardown STACK=… REGION=…)
PORT ?= 8000
ARGS ?=
PYTHON ?= python3
SECONDS ?= 100
BIN := .venv/bin
SOURCES := functions infra local_dev tests
# Folders of tests, those that take longest first, which may run side by side with each other and with all others:
# `make -j2 test`. Only chaos runs alone, at the end: what a machine is too busy to answer looks like a fault there.
PARTS := browser local_dev security chat
REGION_ARG = $(if $(REGION),--region $(REGION))

.PHONY: run test lint types page unit $(PARTS:%=unit-%) unit-others unit-chaos rehearse scan conformance fuzz chaos bench cost format screenshots validate deploy publish put-out teardown lock clean

run: .venv/run.stamp
	@$(BIN)/python -m local_dev --port $(PORT) $(if $(filter-out 0,$(HTTPS)),--https) $(ARGS)

test: lint types page unit

lint: .venv/dev.stamp
	$(BIN)/ruff check $(SOURCES) && $(BIN)/ruff format --check $(SOURCES) && $(BIN)/cfn-lint template.yaml infra/*.yaml

types: .venv/dev.stamp
	$(BIN)/mypy

page: .venv/dev.stamp
	$(BIN)/python -m tests.page

unit: $(PARTS:%=unit-%) unit-others
	$(MAKE) --no-print-directory unit-chaos
	$(BIN)/coverage combine -q && $(BIN)/coverage report --include='functions/chat/*' --fail-under=100 && $(BIN)/coverage report --include='infra/*,local_dev/*'

$(PARTS:%=unit-%) unit-chaos: unit-%: .venv/dev.stamp
	COVERAGE_FILE=.coverage.$* $(BIN)/coverage run -m pytest tests/$*

unit-others: .venv/dev.stamp
	COVERAGE_FILE=.coverage.others $(BIN)/coverage run -m pytest $(PARTS:%=--ignore=tests/%) --ignore=tests/chaos

rehearse: .venv/dev.stamp .venv-sam/stamp
	SAM=.venv-sam/bin/sam $(BIN)/python -m pytest -q tests/rehearsal $(ARGS)

scan: .venv/dev.stamp .venv-scan/stamp
	$(BIN)/python -m tests.scans

conformance: .venv/dev.stamp
	$(BIN)/python -m pytest -q --tb=short --rows tests/conformance $(if $(URL),--url $(URL)) $(ARGS)

fuzz: .venv/dev.stamp
	FUZZ_SECONDS=$(SECONDS) $(BIN)/python -m pytest -q --hypothesis-profile=fuzz tests/chat/test_openapi.py tests/local_dev/web/test_frames_fuzz.py tests/local_dev/web/test_management.py tests/local_dev/web/test_invoke_api.py tests/local_dev/gateway tests/local_dev/iam

chaos: .venv/dev.stamp
	$(BIN)/python -m tests.chaos.run $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: .venv/dev.stamp
	$(BIN)/python -m tests.bench $(foreach url,$(URL) $(URLS),--peer '$(url)') $(ARGS)

cost: .venv/dev.stamp
	$(BIN)/python -m tests.bench.cost --write $(ARGS)

format: .venv/dev.stamp
	$(BIN)/ruff check --fix $(SOURCES) && $(BIN)/ruff format $(SOURCES)

screenshots: .venv/dev.stamp
	$(BIN)/python -m tests.browser.screenshots --url http://127.0.0.1:$(PORT) --out docs/images

validate:
	sam validate --lint

# Lines of their own: `make -n` carries out whatever line has $(MAKE) in it.
deploy: .venv/run.stamp
	@$(BIN)/python -m infra.overrides $(ARGS)
	sam build
	sam deploy $(if $(STACK),--stack-name $(STACK)) $(REGION_ARG) --no-confirm-changeset $(ARGS)
	@$(MAKE) --no-print-directory publish ARGS=

publish: .venv/run.stamp
	@$(BIN)/python -m infra.publish $(if $(STACK),--stack $(STACK)) $(REGION_ARG) $(ARGS)

# What people call themselves is text: neither make nor the shell may read it.
override ROOM := $(value ROOM)
override CLIENT := $(value CLIENT)
export ROOM CLIENT
put-out: .venv/run.stamp
	@$(BIN)/python -m infra.put_out --room="$$ROOM" --client="$$CLIENT" $(if $(MINUTES),--minutes $(MINUTES)) $(if $(STACK),--stack $(STACK)) $(REGION_ARG) $(ARGS)

teardown: .venv/run.stamp
	@$(BIN)/python -m infra.teardown $(if $(STACK),--stack $(STACK)) $(REGION_ARG) $(ARGS)

COMPILE := $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --custom-compile-command "make lock"
lock: .venv/dev.stamp
	$(COMPILE) pyproject.toml --group chat -o requirements.lock
	$(COMPILE) pyproject.toml --group chat --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group sam -o requirements-sam.lock
	$(COMPILE) --group scan -o requirements-scan.lock

clean:
	rm -rf .venv .venv-sam .venv-scan .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock && touch $@

.venv/dev.stamp: requirements-dev.lock | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock && touch $@ .venv/run.stamp

# Environments of their own, since what is in them pins what clashes with the rest. uv installs them: pip, told to check
# hashes, loses its way in requirements with extras.
.venv-%/stamp: requirements-%.lock | .venv/dev.stamp
	$(BIN)/uv venv -q --clear --python .venv/bin/python .venv-$*
	$(BIN)/uv pip install -q --require-hashes --python .venv-$*/bin/python -r requirements-$*.lock && touch $@
