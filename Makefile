# dermascope: every task by name. `make demo` and `make test` do all their own set-up.

.PHONY: demo test setup lint licences kernels-aarch64 sanitise cross cross-test deb deb-test vm-test arm64-root image image-update image-test release fuzz fuzz-check help
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := build/venv
# Debian's packages: a C toolchain, CMake and NASM for libjpeg-turbo, libclang for nokhwa's V4L2 bindings, and for the tests Python, Chromium, strace (which breaks system calls), systemd-analyze and three terminal programs.
BUILD_PACKAGES := build-essential cmake nasm pkg-config libclang-dev
TEST_PACKAGES := python3-venv default-jre-headless chromium chromium-driver strace systemd picocom minicom screen
# For aarch64: Debian's cross compiler (cross/), and what the arm64 root and the virtual machine (tests/vm) are made with.
CROSS_PACKAGES := $(shell cat cross/packages)
ARM64_PACKAGES := arch-test cpio device-tree-compiler kmod mmdebstrap qemu-system-arm qemu-user-static xz-utils
TARGET := aarch64-unknown-linux-gnu
CROSS_BUILT = $${CARGO_TARGET_DIR:-target}/$(TARGET)/release
CARGO_DEB := build/cargo-deb/bin/cargo-deb
CYCLONEDX := build/cargo-cyclonedx/bin/cargo-cyclonedx
# Where not root, by sudo; both ask nothing.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /\1\t/' | expand -t 14

demo: build/packages ## start the whole device in the simulator and print the one address to open
	@echo "building dermascope: the first time, about five minutes on two cores"
	cargo build --bin dermascope
	$${CARGO_TARGET_DIR:-target}/debug/dermascope demo $(ARGS)

test: build/packages build/test-packages $(VENV)/.done ## run every test
	DERMASCOPE_PYTHON=$(abspath $(VENV))/bin/python cargo test --workspace --all-targets
	cargo test --package tract-int8 --doc
	$(VENV)/bin/python -m pytest -q models/training/tests
	$(VENV)/bin/python -m pytest -q hardware/tests

setup: build/packages build/test-packages $(VENV)/.done ## install what the build and the tests need

lint: build/packages ## lints, warnings refused
	cargo clippy --workspace --all-targets -- -D warnings

fuzz: build/packages ## ten minutes of fuzzing, guided by coverage, over every parser of bytes from outside (SECONDS=600)
	bash tests/fuzz.sh $(or $(SECONDS),600)

fuzz-check: build/packages ## the fuzz targets build (without instruments)
	cargo check --quiet --manifest-path fuzz/Cargo.toml --bins

licences: ## every dependency's licence is one that we accept
	$(PYTHON) tests/licences.py

# Optimising across crates as well compiles tract anew with every program that is linked, and the kernels that the
# time of a reading goes into are all in one crate, and call nothing that is not inlined into it.
cross cross-test deb deb-test vm-test: export CARGO_PROFILE_RELEASE_LTO := off

# The kernels alone depend on nothing, so that these build them in seconds.
KERNELS := --package tract-int8 --no-default-features --test kernels

kernels-aarch64: build/cross-packages build/arm64-packages ## the int8 kernels under qemu, as a Cortex-A53 (NEON) and a Cortex-A76 (SDOT)
	rustup target add $(TARGET)
	QEMU_CPU=cortex-a53 TRACT_INT8_KERNELS=neon,scalar cargo test $(KERNELS) --target $(TARGET)
	QEMU_CPU=cortex-a76 TRACT_INT8_KERNELS=neon-dotprod,neon,scalar cargo test $(KERNELS) --target $(TARGET)

sanitise: build/packages ## the int8 kernels under AddressSanitizer and Miri (minutes; needs nightly Rust)
	rustup toolchain install nightly --profile minimal --component miri,rust-src
	RUSTFLAGS=-Zsanitizer=address cargo +nightly test $(KERNELS) --target-dir build/kernels --target x86_64-unknown-linux-gnu
	RUSTFLAGS=-Ctarget-feature=+avx2 cargo +nightly miri test $(KERNELS) --target-dir build/kernels

# With an example, so that this and `cross-test` share what they build: the tests' dependencies change those of both.
cross: build/packages build/cross-packages ## build the release binary for the Raspberry Pi
	rustup target add $(TARGET)
	cargo build --release --target $(TARGET) --bin dermascope --example quality_table

cross-test: cross build/arm64-packages ## what must be the same on a Raspberry Pi's processors, under qemu
	bash tests/aarch64.sh

deb: cross build/arm64-packages $(CARGO_DEB) ## make the package for Raspberry Pi OS in build/
	rm -rf build/man
	qemu-aarch64-static -L /usr/aarch64-linux-gnu $(CROSS_BUILT)/dermascope man build/man
	$(CARGO_DEB) --quiet --no-build --no-strip --target $(TARGET) --output build/dermascope_arm64.deb

release: $(CYCLONEDX) ## check version and changelog, and make package, checksums, list of dependencies and notes in build/release/; signed where RELEASE_KEY names a key
	MAKE="$(MAKE)" bash cross/release.sh $(CYCLONEDX)

deb-test: deb arm64-root ## install, upgrade, remove and purge the package in an arm64 Debian
	$(SUDO) bash tests/arm64/package.sh build/dermascope_arm64.deb

vm-test: deb arm64-root $(VENV)/.done ## the package on an aarch64 Linux with the kernel's own camera, SPI and GPIO
	$(SUDO) env DERMASCOPE_SHARED=$(DERMASCOPE_SHARED) $(abspath $(VENV))/bin/python -m pytest -q -x tests/vm

image: deb build/arm64-packages ## make the whole card in build/dermascope-arm64.img.xz, with its list of packages, its SBOM and the same as an update
	$(SUDO) env IMAGE_KEY=$(IMAGE_KEY) IMAGE_CERTIFICATE=$(IMAGE_CERTIFICATE) bash image/build.sh build/dermascope_arm64.deb

image-update: ## have the next `make image` fetch Debian's newest packages
	rm -f build/image/*.stamp

image-test: $(VENV)/.done ## boot the card of `make image` as a Raspberry Pi 3, press, cut the power, update: an hour or more
	$(SUDO) env DERMASCOPE_SHARED=$(DERMASCOPE_SHARED) $(abspath $(VENV))/bin/python -m pytest -q -x tests/image

arm64-root: build/arm64-packages ## make a small Debian for arm64 and its kernel, which the tests install and boot
	$(SUDO) bash tests/arm64/root.sh

build/packages: WANTED = $(BUILD_PACKAGES)
build/test-packages: WANTED = $(TEST_PACKAGES)
build/cross-packages: WANTED = $(CROSS_PACKAGES)
build/arm64-packages: WANTED = $(ARM64_PACKAGES)
build/packages build/test-packages build/cross-packages build/arm64-packages: Makefile cross/packages
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

$(CARGO_DEB):
	CARGO_TARGET_DIR=build/cargo-deb/target cargo install --quiet --locked --root build/cargo-deb --version 3.8.0 cargo-deb
	rm -rf build/cargo-deb/target

$(CYCLONEDX):
	CARGO_TARGET_DIR=build/cargo-cyclonedx/target cargo install --quiet --locked --root build/cargo-cyclonedx --version 0.5.9 cargo-cyclonedx
	rm -rf build/cargo-cyclonedx/target

# What the tests need of Python's packages; it is small, torch is not among it.
$(VENV)/.done: models/training/requirements-test.txt tests/requirements.txt | build/test-packages
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	@touch $@
