# dermascope: every task by name. `make demo` and `make test` do all their own set-up.

.PHONY: demo test setup lint licences fuzz-check help
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := build/venv
# Debian's packages: a C toolchain, libclang for nokhwa's V4L2 bindings, and for the tests Python, Chromium and strace (which breaks system calls).
BUILD_PACKAGES := build-essential pkg-config libclang-dev
TEST_PACKAGES := python3-venv chromium chromium-driver strace
# Where not root, by sudo; both ask nothing.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

demo: build/packages ## start the whole device in the simulator and print the one address to open
	cargo build --quiet --bin dermascope --test it
	$${CARGO_TARGET_DIR:-target}/debug/dermascope demo $(ARGS)

test: build/packages build/test-packages $(VENV)/.done ## run every test
	DERMASCOPE_PYTHON=$(abspath $(VENV))/bin/python cargo test --all-targets
	$(VENV)/bin/python -m pytest -q models/training/tests

setup: build/packages build/test-packages $(VENV)/.done ## install what the build and the tests need

lint: build/packages ## lints, warnings refused
	cargo clippy --all-targets -- -D warnings

fuzz-check: build/packages ## the fuzz targets build (without the sanitizer, and without nightly Rust)
	cargo check --quiet --manifest-path fuzz/Cargo.toml --bins

licences: ## every dependency's licence is one that we accept
	$(PYTHON) tests/licences.py

build/packages: WANTED = $(BUILD_PACKAGES)
build/test-packages: WANTED = $(TEST_PACKAGES)
build/packages build/test-packages:
	@mkdir -p build
	@missing=""; for package in $(WANTED); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "installing$$missing"; \
	    $(SUDO) apt-get update -qq && \
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	@touch $@

# What the tests of the training code need; it is small, torch is not among it.
$(VENV)/.done: models/training/requirements-test.txt | build/test-packages
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
