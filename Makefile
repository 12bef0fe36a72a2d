# SPDX-License-Identifier: Apache-2.0
# Short names for what meson, ninja and tools/ do; HACKING.md tells more.
#
#   make             build build/limpid, build/limpid-update and build/limpid-serve
#   make scan        scan TARGET=..., without one the bundled demonstration image
#   make test        every suite that needs no shared data, network or root
#   make check       those, and the suites that read ../shared or take long
#   make asan, tsan  tests with sanitizers
#   make clang       build and test with clang
#   make tidy        clang-tidy over src/
#   make fuzz        every fuzz target for FUZZ_SECONDS each (clang)
#   make bench       measure (bench/README.md)
#   make install     into DESTDIR and PREFIX
#   make deb       Debian packages into build/packages, checked by lintian
#   make image     an OCI image into build/image, without a daemon
#   make sbom      what limpid is made of, as CycloneDX, into build/limpid.cdx.json
#   make clean       remove every build directory

BUILD ?= build
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 10
SUITES ?= --suite unit --suite golden --suite house --suite fuzz-corpora
NINJA = ninja -j $(JOBS)
MESON_TEST = meson test --no-rebuild --print-errorlogs --num-processes $(JOBS)

all: $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD) programs

# Installs only where that needs no question to anybody; otherwise says the one command to run.
deps:
	@tools/install-deps --check >/dev/null || tools/install-deps

$(BUILD)/build.ninja:
	@tools/install-deps --check || { echo "missing; run: tools/install-deps"; exit 1; }
	meson setup --prefix $(PREFIX) $(BUILD)

scan: deps
	@[ -x $(BUILD)/limpid ] || echo "building $(BUILD)/limpid ..." >&2
	@$(MAKE) --no-print-directory all >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@$(if $(TARGET),tools/scan $(BUILD)/limpid "$(TARGET)",$(BUILD)/limpid scan --demo)

test: deps
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)
	$(MESON_TEST) -C $(BUILD) $(SUITES)

check: test
	$(MESON_TEST) -C $(BUILD) --suite corpus --suite hostile --suite service --suite contract

build-asan/build.ninja:
	meson setup -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debug build-asan

build-tsan/build.ninja:
	meson setup -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized build-tsan

build-clang/build.ninja:
	CC=clang meson setup build-clang

build-fuzz/build.ninja:
	CC=clang meson setup -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debugoptimized build-fuzz

asan: deps build-asan/build.ninja
	$(NINJA) -C build-asan
	$(MESON_TEST) -C build-asan --timeout-multiplier 5 $(SUITES)

tsan: deps build-tsan/build.ninja
	$(NINJA) -C build-tsan
	$(MESON_TEST) -C build-tsan --timeout-multiplier 5 --suite unit --suite golden

clang: deps build-clang/build.ninja
	$(NINJA) -C build-clang
	$(MESON_TEST) -C build-clang $(SUITES)

tidy: deps build-clang/build.ninja
	tools/tidy build-clang $(JOBS)

fuzz: deps build-fuzz/build.ninja
	$(NINJA) -C build-fuzz fuzz-targets
	tools/fuzz-all build-fuzz $(FUZZ_SECONDS)

bench: all
	bench/run $(BUILD)

install: $(BUILD)/build.ninja
	meson configure -Dprefix=$(PREFIX) $(BUILD)
	$(NINJA) -C $(BUILD) programs
	meson install --no-rebuild -C $(BUILD)

deb:
	tools/make-deb $(BUILD)/packages

image: all
	tools/make-image $(BUILD) $(BUILD)/image

sbom: all
	tools/make-sbom $(BUILD) $(BUILD)/limpid.cdx.json

clean:
	rm -rf build build-asan build-tsan build-clang build-fuzz build.log

.PHONY: all deps scan test check asan tsan clang tidy fuzz bench install deb image sbom clean
