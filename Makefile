# One word for each thing that people do here; the work is in CMake and in the scripts named below.
# What is slow to make and no part of the checkout lives in AIRLOCK_CACHE: the static libraries, Kubernetes, cert-manager.
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

.PHONY: help deps build check test demo bench fuzz lint tidy format install dist clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name words; do printf '  make %-9s %s\n' "$$name" "$$words"; done

deps: ## install what is needed from Debian; nothing to do the second time
	@cmake/install-packages.sh

build: deps ## compile everything for work, tests too, in build/dev
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)

check: build ## the quick loop: build, then the unit tests
	ctest --test-dir build/dev -L unit -j $(JOBS) --output-on-failure --no-tests=error

test: dist ## every test: unit and integration under the sanitizers, then end to end on a real cluster
	cmake --preset ci
	cmake --build --preset ci -j $(JOBS)
	@# Tests of the API client need its server. 77: it cannot be built here; they say so and are skipped.
	tests/cluster/build-kubernetes.sh $(AIRLOCK_CACHE)/kubernetes-1.20.2 || [[ $$? == 77 ]]
	ctest --test-dir build/ci -L 'unit|integration' -j $(JOBS) --output-on-failure --no-tests=error
	tests/e2e/run.sh

demo: dist ## the main job on a real cluster; KEEP=1 leaves it up; KUBECONFIG=… REGISTRY=… uses yours
	@KUBECONFIG='$(call given,KUBECONFIG)' REGISTRY='$(call given,REGISTRY)' KEEP='$(KEEP)' tests/e2e/demo.sh

# A KUBECONFIG that merely stands in the environment is not a wish to install the demo into that cluster.
given = $(if $(filter command line,$(origin $(1))),$($(1)))

bench: dist ## the benchmarks, optimised
	cmake --preset bench
	cmake --build --preset bench -j $(JOBS)
	$(call run_each,build/bench,_bench)
	tests/bench/bundle_bench.sh dist

fuzz: deps ## the fuzz targets, FUZZ_SECONDS (60) each
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)
	$(call run_each,build/fuzz,_fuzz,-max_total_time=$(FUZZ_SECONDS) $$(mktemp -d) tests/fuzz/corpus/$$(basename $$program))

# run_each FOLDER SUFFIX ARGUMENTS: every program there whose name ends so; none at all is a mistake, not a success.
run_each = programs=$$(find $(1) -type f -executable -name '*$(2)' | sort); \
  [[ -n $$programs ]] || { echo "no program *$(2) in $(1)" >&2; exit 1; }; \
  for program in $$programs; do echo "$$program"; "$$program" $(3); done

lint: deps ## formatting of C++, and shellcheck on the scripts
	$(sources) | xargs clang-format-14 --dry-run -Werror
	git ls-files -s '*.sh' .ci/run | awk '$$1 == 100755 {print $$4}' | xargs shellcheck -xa

tidy: deps ## clang-tidy on every file; slow
	cmake --preset tidy
	cmake --build --preset tidy -j $(JOBS)

format: deps ## format the C++ in place
	$(sources) | xargs clang-format-14 -i

install: dist ## install the programs and the kit under PREFIX (/usr/local)
	install -D -t $(DESTDIR)$(PREFIX)/bin $(addprefix dist/,$(programs))
	mkdir -p $(DESTDIR)$(PREFIX)/share/airlock
	cp -r manifests/node-oversell $(DESTDIR)$(PREFIX)/share/airlock/
	install -t $(DESTDIR)$(PREFIX)/share/airlock/node-oversell dist/node-oversell-webhook dist/node-oversell-controller

dist: deps ## the four programs, static, in dist/
	cmake/build-static-libraries.sh $(AIRLOCK_CACHE)/static-libraries
	cmake --preset release -DAIRLOCK_STATIC_LIBRARIES=$(AIRLOCK_CACHE)/static-libraries
	cmake --build --preset release -j $(JOBS)
	cmake/collect-programs.sh build/release/bin dist $(programs)

clean: ## remove build/ and dist/; the cache stays
	rm -rf build dist
