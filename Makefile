# One target for each thing that people do here; the work is done by CMake and by the scripts named below.
# What is slow to build and not part of the checkout is kept in AIRLOCK_CACHE: static libraries, Kubernetes, cert-manager.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

XDG_CACHE_HOME ?= $(HOME)/.cache
AIRLOCK_CACHE ?= $(XDG_CACHE_HOME)/airlock
export AIRLOCK_CACHE
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
programs := airlock-bundler airlock-installer node-oversell-webhook node-oversell-controller
sources = git ls-files '*.cpp' '*.hpp'

.PHONY: help deps build check test crash-matrix demo bench fuzz lint tidy tsan format install dist clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name words; do printf '  make %-12s %s\n' "$$name" "$$words"; done

deps: ## install the Debian packages that are missing
	@cmake/install-packages.sh

build: deps ## compile everything, tests included, in build/dev
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)

check: build ## build, then run the unit tests
	ctest --test-dir build/dev -L unit -j $(JOBS) --output-on-failure --no-tests=error

test: dist ## run all tests: unit and integration with sanitizers, then end to end on a real cluster
	cmake --preset ci
	cmake --build --preset ci -j $(JOBS)
	@# Tests of the API client need its server. 77: it cannot be built here, and they are skipped with the reason.
	tests/cluster/build-kubernetes.sh $(AIRLOCK_CACHE)/kubernetes-1.20.2 || [[ $$? == 77 ]]
	ctest --test-dir build/ci -L 'unit|integration' -j $(JOBS) --output-on-failure --no-tests=error
	tests/e2e/run.sh

crash-matrix: dist ## kill install and rollback at each record of the journal, on both versions of Kubernetes
	STORIES=killed_at_records CRASH_STEP=1 tests/e2e/run.sh 1.20.2 1.36.3

demo: dist ## run the main job on a real cluster; KEEP=1 keeps it, KUBECONFIG=… REGISTRY=… uses yours
	@KUBECONFIG='$(call given,KUBECONFIG)' REGISTRY='$(call given,REGISTRY)' KEEP='$(KEEP)' tests/e2e/demo.sh

# A KUBECONFIG that is merely in the environment is no request to install the demo into that cluster.
given = $(if $(filter command line,$(origin $(1))),$($(1)))

bench: dist ## run the benchmarks, optimized
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	$(call run_each,build/bench,_bench)
	tests/bench/bundle_bench.sh dist

fuzz: deps ## run each fuzz target for FUZZ_SECONDS (60)
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS) --target fuzz_targets
	$(call run_each,build/fuzz,_fuzz,-max_total_time=$(FUZZ_SECONDS) $$(mktemp -d) tests/fuzz/corpus/$$(basename $$program))

# run_each FOLDER SUFFIX ARGUMENTS: every program there whose name ends so; none at all is a mistake, not a success.
run_each = programs=$$(find $(1) -type f -executable -name '*$(2)' | sort); \
  [[ -n $$programs ]] || { echo "no program *$(2) in $(1)" >&2; exit 1; }; \
  for program in $$programs; do echo "$$program"; "$$program" $(3); done

tsan: deps ## run the unit tests with ThreadSanitizer, in build/tsan
	cmake --preset tsan
	cmake --build --preset tsan -j $(JOBS)
	ctest --test-dir build/tsan -L unit -j $(JOBS) --output-on-failure --no-tests=error

lint: deps ## check the format of C++, and run shellcheck on the scripts
	@# Each version of clang-format formats a little differently: the format is that of Debian 12's.
	if clang-format --version | grep -q 'version 14'; then $(sources) | xargs clang-format --dry-run -Werror; else \
	  echo "lint: the format is checked with clang-format 14 only; this is $$(clang-format --version)"; fi
	git ls-files -s '*.sh' .ci/run | awk '$$1 == 100755 {print $$4}' | xargs shellcheck -xa

tidy: deps ## run clang-tidy on every file; slow
	cmake --preset tidy
	cmake --build --preset tidy -j $(JOBS)

format: deps ## format the C++ in place
	$(sources) | xargs clang-format -i

install: dist ## install programs, kit, man pages and completions under PREFIX (/usr/local)
	install -D -t $(DESTDIR)$(PREFIX)/bin $(addprefix dist/,$(programs))
	mkdir -p $(DESTDIR)$(PREFIX)/share/airlock
	cp -r manifests/node-oversell $(DESTDIR)$(PREFIX)/share/airlock/
	install -t $(DESTDIR)$(PREFIX)/share/airlock/node-oversell dist/node-oversell-webhook dist/node-oversell-controller
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 dist/docs/man1/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/bash-completion/completions dist/docs/bash-completion/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/zsh/site-functions dist/docs/zsh/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d dist/docs/fish/*

dist: deps ## build the four programs, static, and their man pages and completions in dist/
	cmake/build-static-libraries.sh $(AIRLOCK_CACHE)/static-libraries
	cmake --preset release -DAIRLOCK_STATIC_LIBRARIES=$(AIRLOCK_CACHE)/static-libraries
	cmake --build --preset release -j $(JOBS)
	cmake/collect-programs.sh build/release/bin dist $(programs)
	cmake/generate-command-docs.sh dist dist/docs $(programs)

clean: ## remove build/ and dist/; the cache stays
	rm -rf build dist
