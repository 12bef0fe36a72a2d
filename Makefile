# SPDX-License-Identifier: Apache-2.0
# Short names for what meson, ninja and tools/ do; HACKING.md tells more.
#
#   make             build build/limpid and build/limpid-update
#   make scan        scan TARGET=..., without one the bundled demonstration image
#   make test        every suite that needs no shared data, network or root
#   make asan, tsan  the same with sanitizers
#   make fuzz        every fuzz target for FUZZ_SECONDS each (clang)
#   make bench       measure (bench/README.md)
#   make install     into DESTDIR and PREFIX
#   make clean       remove every build directory

BUILD ?= build
JOBS ?= 2
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 10
SUITES ?= --suite unit --suite golden --suite house --suite fuzz-corpora
MESON_TEST = meson test --no-rebuild --print-errorlogs --num-processes $(JOBS)

all: $(BUILD)/build.ninja
	ninja -j $(JOBS) -C $(BUILD) limpid limpid-update data/demo/image.tar data/demo/db

# Installs only where that needs no question to anybody; otherwise says the one command to run.
deps:
	@tools/install-deps --check >/dev/null || tools/install-deps

$(BUILD)/build.ninja:
	@tools/install-deps --check || { echo "missing; run: tools/install-deps"; exit 1; }
	meson setup --prefix $(PREFIX) $(BUILD)

scan: deps
	@$(MAKE) --no-print-directory all >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log
	@$(BUILD)/limpid scan $(if $(TARGET),$(TARGET),--demo)

test: deps
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	ninja -j $(JOBS) -C $(BUILD)
	$(MESON_TEST) -C $(BUILD) $(SUITES)

asan: deps
	test -f build-asan/build.ninja || meson setup -Db_sanitize=address,undefined -Db_lundef=false -Dbuildtype=debug build-asan
	ninja -j $(JOBS) -C build-asan
	$(MESON_TEST) -C build-asan --timeout-multiplier 5 $(SUITES)

tsan: deps
	test -f build-tsan/build.ninja || meson setup -Db_sanitize=thread -Db_lundef=false -Dbuildtype=debugoptimized build-tsan
	ninja -j $(JOBS) -C build-tsan
	$(MESON_TEST) -C build-tsan --timeout-multiplier 5 --suite unit --suite golden

fuzz: deps
	test -f build-fuzz/build.ninja || CC=clang meson setup -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false build-fuzz
	ninja -j $(JOBS) -C build-fuzz fuzz-targets
	tools/fuzz-all build-fuzz $(FUZZ_SECONDS)

bench: all
	bench/run $(BUILD)

install: all
	meson install --no-rebuild -C $(BUILD)

clean:
	rm -rf build build-asan build-tsan build-fuzz build-clang build.log

.PHONY: all deps scan test asan tsan fuzz bench install clean
