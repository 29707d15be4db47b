# SPDX-License-Identifier: Apache-2.0
# The front door. `make` or `make help` lists what there is; meson does the building.

BUILD      ?= build
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
PYTHON     := /usr/bin/python3
PACKAGES   := tools/install-packages.sh
CHECKS     := $(PYTHON) tools/run-checks.py

.DEFAULT_GOAL := help
.PHONY: help all demo check check-unit check-contract check-functional check-cloud check-fuzz \
        check-sanitizers lint bench bench-peer docs install clean

help: ## list the targets
	@echo 'masakari-c: make TARGET'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r name text; do printf '  %-18s %s\n' "$$name" "$$text"; done
	@echo 'Variables: BUILD, PREFIX, SYSCONFDIR, DESTDIR. Packages that a target needs are'
	@echo 'installed with apt first (tools/packages.txt); that needs root.'

all: ## build everything into build/
	@$(PACKAGES) build
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)
	@ninja -C $(BUILD)

demo: ## kill a real virtual machine three times and watch it come back (root, < 60 s)
	@$(PACKAGES) build demo
	@MSK_BUILD="$(abspath $(BUILD))" PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) demo/demo.py

check: ## everything below but bench: the line "N passed, N failed, N skipped" ends it (root)
	@$(PACKAGES) build demo test cloud lint
	@$(CHECKS) all

check-unit: ## unit tests, built with GCC (needs no root once built)
	@$(PACKAGES) build test
	@$(CHECKS) unit

check-contract: ## the REST calls recorded from the Python service, against masakari-api
	@$(PACKAGES) build test
	@$(CHECKS) contract

check-functional: ## the real programs with real libvirtd, QEMU and faults (root)
	@$(PACKAGES) build demo test
	@$(CHECKS) functional

check-cloud: ## our services among real MariaDB, RabbitMQ, Keystone, Nova and Python twins (root)
	@$(PACKAGES) build test cloud
	@$(CHECKS) cloud

check-fuzz: ## replay the fuzz corpora
	@$(PACKAGES) build test
	@$(CHECKS) fuzz

check-sanitizers: ## unit and functional tests under ASan+UBSan (clang) and TSan (GCC) (root)
	@$(PACKAGES) build demo test
	@$(CHECKS) asan tsan

lint: ## layers, complexity, format, clang-tidy, cppcheck and the other style checks
	@$(PACKAGES) build lint
	@$(CHECKS) lint

bench: ## measure start, memory, idle CPU, detection and API rate (root)
	@$(PACKAGES) build demo test bench
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)
	@ninja -C $(BUILD) all bench/bare_mhd
	@MSK_BUILD=$(BUILD) bench/run

bench-peer: ## measure masakari-api beside the Python service, real Keystone and MariaDB (root, < 8 min)
	@$(PACKAGES) build test cloud bench
	@[ -f $(BUILD)/build.ninja ] || meson setup $(BUILD)
	@ninja -C $(BUILD) src/cmd/masakari-api src/cmd/masakari-manage
	@MSK_BUILD="$(abspath $(BUILD))" $(PYTHON) bench/bench_peer.py

docs: ## write the generated pages of docs/user
	@$(MAKE) --no-print-directory all
	@tools/gen-config-docs

install: ## build for production and install under DESTDIR/PREFIX and SYSCONFDIR
	@$(PACKAGES) build
	@again=; [ ! -f build-release/build.ninja ] || again=--reconfigure; \
	meson setup $$again build-release --buildtype=release --prefix="$(PREFIX)" \
	    --sysconfdir="$(SYSCONFDIR)"
	@ninja -C build-release tests/tools/schema-dump \
	    $(addprefix src/cmd/masakari-,api engine instancemonitor manage status)
	@destdir="$(DESTDIR)"; case $$destdir in '' | /*) ;; *) destdir="$(CURDIR)/$$destdir" ;; esac; \
	DESTDIR="$$destdir" meson install -C build-release --no-rebuild

clean: ## remove what was built
	rm -rf build build-*
