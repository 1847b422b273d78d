# What people type. `make` alone lists it.

SHELL := /bin/bash
CARGO ?= cargo
TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release
# Make's own functions take a path with spaces for several.
BUILT = $$(realpath -m "$(RELEASE)")
CHECKED = $$(realpath -m "$(TARGET)/debug")
SECONDS ?= 60
PACKETS ?= 502040

.PHONY: suricata test-suricata bench-suricata bench hostile instructions help demo test test-gui test-matrix deb test-deb install-library fuzz fuzz-host deny bounds replay score check plugin cli install uninstall prerequisites test-prerequisites bench-prerequisites python wheel header docs captures clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

demo: prerequisites cli plugin ## install what is missing, build, and show Netflix servers and segments in tshark
	@plugin/wireshark/demo.sh "$(RELEASE)"

# One build with all that tests start, assertions on, so that dependencies compile once. Only the wheel that a test installs
# compiles some of them again: built by itself, it wants fewer of their features. NFLX_BIN and NFLX_PLUGIN name other builds.
test: test-prerequisites python ## run every test: unit, property, C ABI, end to end in tshark
	$(CARGO) build --locked --workspace --features pyo3/extension-module --lib --bins --tests
	NFLX_PYTHON="$$(tests/python/venv.sh)" NFLX_BIN="$${NFLX_BIN:-$(CHECKED)/nflx}" \
		NFLX_PLUGIN="$${NFLX_PLUGIN:-$(CHECKED)/libnflx_plugin.so}" \
		MATURIN_PEP517_ARGS="--profile dev" \
		$(CARGO) test --locked --workspace --features pyo3/extension-module

test-gui: cli plugin ## take a user's steps in the real Wireshark window, on a virtual display; screenshots in target/gui (SUITE=forky: in that Debian's too, as root)
	@plugin/wireshark/prerequisites.sh gui
	tests/plugin/gui.sh "$(RELEASE)" "$(TARGET)/gui"
	$(if $(SUITE),tests/matrix/window.sh $(SUITE))

test-matrix: ## build and test the plugin with every Wireshark that Debian has (root; README=1 puts the table there)
	tests/matrix/run.sh $(if $(README),--readme)

suricata: ## build the Suricata plugin for the Suricata of this system: target/suricata/nflx.so
	plugin/suricata/headers.sh "$(TARGET)/suricata/headers"
	$(CARGO) build --locked --release -p nflx-ffi
	plugin/suricata/build.sh "$(TARGET)/suricata/headers" "$(RELEASE)/libnflx_ffi.a" "$(TARGET)/suricata/nflx.so"

test-suricata: ## build and test the Suricata plugin in a Debian system of its own, files and live (root)
	tests/suricata/run.sh

bench-suricata: ## CPU time of Suricata with the plugin and without, there (root)
	tests/suricata/run.sh --overhead

deb: prerequisites ## build Debian packages of the command, the plugin and the C library: target/deb/*.deb
	@plugin/wireshark/prerequisites.sh deb
	@debian/build.sh "$(TARGET)/deb"

test-deb: ## build the packages in a small Debian system, check, install, use and remove them (root)
	tests/packages/run.sh

fuzz: test-prerequisites ## look for inputs that break a promise: make fuzz SECONDS=600 (60, divided among the targets)
	tests/fuzz/run.sh $(SECONDS)

fuzz-host: test-prerequisites ## damaged captures through tshark, under a sanitizer and valgrind, then all lengths: make fuzz-host SECONDS=600
	tests/fuzz/host.sh $(SECONDS)

deny: test-prerequisites ## licences, sources, duplicates and advisories of dependencies
	@tests/deny.sh

bounds: cli ## memory and time of captures that ask for more than there is room for, and of one without end (minutes)
	$(CARGO) build --locked --release -p nflx-tests --bin bounds
	tests/bounds/run.py --bin "$(RELEASE)"
	"$(RELEASE)/bounds" engine 50000000

replay: cli ## hours of traffic piped into nflx --live: memory at intervals, nothing lost: make replay PACKETS=100000000
	$(CARGO) build --locked --release -p nflx-tests --bin bounds
	bench/replay.py --release "$(RELEASE)" --packets $(PACKETS)

score: cli ## compare segments with the servers' own records, beside the rules of other tools
	python3 tests/score/score.py --nflx "$(RELEASE)/nflx"

# The same packages and features each time, with those of tests (which `--examples` asks of `cargo doc`): dependencies are
# checked once.
EVERYTHING := --locked --workspace --features nflx-bench/criterion

check: ## format, lints and documents, warnings as errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(EVERYTHING) --lib --bins --tests --examples --bench engine -- -D warnings
	$(CARGO) clippy $(EVERYTHING) --bench decoders -- -D warnings --cfg fuzzing
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(EVERYTHING) --lib --bins --examples --no-deps --document-private-items

plugin: prerequisites ## build the Wireshark plugin: target/release/libnflx_plugin.so
	$(CARGO) build --locked --release -p nflx-plugin

cli: ## build the command: target/release/nflx
	$(CARGO) build --locked --release -p nflx-cli

bench: bench-prerequisites cli plugin ## measure the engine, each decoder, whole programs and the plugin on generated captures: make bench PACKETS=502040
	$(CARGO) bench --locked -p nflx-bench --features criterion --bench engine
	RUSTFLAGS="--cfg fuzzing" $(CARGO) bench --locked -p nflx-bench --features criterion --bench decoders
	$(CARGO) build --locked --release -p nflx-bench
	"$(RELEASE)/rows" examples/train/example.onnx
	bench/compare.sh $(PACKETS)
	python3 bench/growth.py --release "$(RELEASE)" --packets $(PACKETS)
	python3 bench/plugin.py --release "$(RELEASE)"

hostile: ## time captures that are made to cost time, each beside packets of one byte in order
	$(CARGO) build --locked --release -p nflx-bench --bin hostile
	"$(RELEASE)/hostile"

instructions: ## count the engine's instructions per packet, of crafted captures too; more than the committed counts fails
	bench/instructions.sh check

install: plugin ## put the plugin where Wireshark loads it from, and see that it does
	plugin/wireshark/install.sh install

install-library: ## put the C library, its header and nflx.pc under PREFIX (/usr/local)
	$(CARGO) build --locked --release -p nflx-ffi
	ffi/install.sh $(if $(PREFIX),"$(PREFIX)")

uninstall: ## take it away again
	plugin/wireshark/install.sh uninstall

prerequisites:
	@plugin/wireshark/prerequisites.sh build

test-prerequisites:
	@plugin/wireshark/prerequisites.sh test

bench-prerequisites:
	@plugin/wireshark/prerequisites.sh bench

python: test-prerequisites ## make target/venv, the Python environment of the tests
	@tests/python/venv.sh

wheel: python ## build a Python wheel that carries the engine: target/wheels
	cd python && "$$(../tests/python/venv.sh)" -m maturin build --release --out "$(abspath $(TARGET))/wheels"

header: ## rewrite include/nflx.h from the Rust sources
	NFLX_UPDATE_HEADER=1 $(CARGO) test --locked -p nflx-ffi --test header

docs: cli plugin ## write the field reference, the outputs in the guide and the manual pages again
	NFLX_UPDATE_DOCS=1 $(CARGO) test --locked -p nflx-cli manual
	NFLX_UPDATE_DOCS=1 NFLX_PLUGIN="$(BUILT)/libnflx_plugin.so" $(CARGO) test --locked -p nflx-tests docs::

captures: ## record the captures of the tests again (root; network namespaces)
	python3 tests/captures/record.py

clean: ## remove what was built
	$(CARGO) clean
