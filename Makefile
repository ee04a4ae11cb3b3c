# make help lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

BIN     := bin/ringfence
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/ringfence/ringfence/internal/command.release=$(VERSION)

# What the tests run: Git, an SSH client and server for the transport, the rest for the lab's Debian hosts.
PACKAGES := git openssh-client openssh-server mmdebstrap dpkg-dev apt-utils gpg zstd iproute2 uidmap ca-certificates

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: build
build: ## build bin/ringfence
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/ringfence

.PHONY: demo
demo: build ## play the main job on a simulated fleet; LAB=1: on real Debian hosts
ifeq ($(LAB),1)
	@$(MAKE) --no-print-directory deps lab
	go run ./internal/lab/labdemo -binary $(abspath $(BIN))
else
	$(BIN) demo
endif

.PHONY: test
test: deps lab ## install what the tests need and run them all
	go tool gotestsum --format pkgname-and-test-fails -- -timeout 30m ./...

.PHONY: deps
deps: ## install the Debian packages that the tests need
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f '$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	echo "The tests need" $$missing "(git and ssh: the runner's own tools; the rest makes the lab of real Debian hosts)."; \
	run=; [ "$$(id -u)" = 0 ] || run="sudo -n"; \
	if command -v apt-get >/dev/null && $$run true 2>/dev/null; then \
	  $$run apt-get update -q && $$run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	else echo "Install them: apt-get install" $$missing; [ "$$LAB_REQUIRED" != 1 ]; fi

.PHONY: lab
lab: ## build the lab's base system and mirror once (about a minute), unless it is there
	@go run ./internal/lab/labctl build || { echo "The lab cannot be built here; its tests will say so."; [ "$$LAB_REQUIRED" != 1 ]; }

.PHONY: lint
lint: ## gofumpt, vet, staticcheck, and that the module files are tidy
	@out=$$(go tool gofumpt -l $$(git ls-files '*.go' | grep -v '\.pb\.go$$')); [ -z "$$out" ] || { echo "gofumpt would change:" $$out; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod verify >/dev/null
	go mod tidy -diff

.PHONY: generate
generate: ## write generated files anew
	go generate ./...
	go test ./internal/docs -update

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: tamper
tamper: ## change N ledgers in some way (default 10000) and see that the verifier finds each
	TAMPER=$${N:-10000} go test -timeout 0 -count 1 -v -run TestTamperedHistories ./runner/ledger/verify

.PHONY: windows-all
windows-all: ## windows in every IANA zone at every transition 2020-2037 against an oracle, and 10,000 instants asked of everybody
	RINGFENCE_ALL_ZONES=1 go test -timeout 0 -count 1 -v -run 'TestTransitions|TestRulesYieldTheirDates|TestUnion|TestAnyWindow' ./compiler/window -rapid.checks 10000
	RINGFENCE_ALL_ZONES=1 go test -timeout 0 -count 1 -v -run TestWindowsAgree ./internal/command

.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME (default 30s each)
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | sed 's/func //'); do \
	    echo "$$p $$f"; go test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} || exit 1; done; done

.PHONY: properties
properties: ## campaign: draw N values (default 5000) of a new seed in each property test, where make test draws the same 100
	go test -count=1 -timeout 0 -run "^($$(grep -rl --exclude-dir=sameseed --include='*_test.go' 'rapid\.Check(' . | xargs grep -hoE '^func Test[A-Za-z0-9_]+' | sed 's/func //' | paste -sd'|'))$$" \
	  $$(grep -rl --exclude-dir=sameseed --include='*_test.go' 'rapid\.Check(' . | xargs -n1 dirname | sort -u) -rapid.seed 0 -rapid.checks $(or $(N),5000)

.PHONY: mutants
mutants: ## campaign: compile N policies that nobody would write (default 50000), from seed FROM on
	go test ./compiler -count=1 -timeout 0 -v -run TestMutants -mutants $(or $(N),50000) -from $(or $(FROM),1)

.PHONY: killloop
killloop: deps lab ## campaign: kill N runners (default 1000) of a simulated fleet and N/25 of the lab's hosts
	KILLS=$(or $(N),1000) go test ./internal/killloop -count=1 -timeout 0 -run TestSimulated
	KILLS=$$(( ($(or $(N),1000) + 24) / 25 )) go test ./internal/killloop -count=1 -timeout 0 -run TestLab

# The packages that run goroutines; -race needs a C compiler.
RACY := ./runner ./runner/journal ./runner/ledger/branch ./runner/ledger/remote ./runner/ledger/lease ./runner/ledger/control ./internal/fleet ./internal/transport ./internal/gitrepo ./providers/plugin ./internal/command

.PHONY: race
race: ## look for data races in the concurrent packages, and in whole runs that race for one remote
	@$(MAKE) --no-print-directory deps PACKAGES="$(PACKAGES) gcc libc6-dev"
	CGO_ENABLED=1 go test -race -short -count=1 -timeout 0 -p 1 $(RACY)
	CGO_ENABLED=1 go test -race -count=1 -timeout 0 -run 'TestRaces|TestHaltAtRandomSteps' ./internal/killloop

.PHONY: races
races: ## campaign: N worlds (default 50) in which two to four runners race, one of them stopped, and N halts at random steps
	RACES=$(or $(N),50) HALTS=$(or $(N),50) go test ./internal/killloop -count=1 -timeout 0 -run 'TestRaces|TestHaltAtRandomSteps' -v -keep

.PHONY: crashpoints
crashpoints: ## campaign: crash at every I/O point of every scenario, or with PART=K/N at every Nth one from the Kth on
	CRASHPOINTS=$(or $(PART),1/1) go test ./internal/killloop -count=1 -timeout 0 -run TestCrashPoints -v -keep

.PHONY: sim
sim: ## campaign: simulate SEEDS whole runs (default 100000) from seed FROM on, or play SEED alone and tell its story
ifdef SEED
	go test ./runner/simulator -count=1 -run 'TestSeed$$' -seed $(SEED) -v
else ifdef POINT
	go test ./runner/simulator -count=1 -run 'TestCrash$$' -scene $(or $(SCENE),0) -point $(POINT) -way $(or $(WAY),before) -v
else
	go test ./runner/simulator -count=1 -timeout 0 -run 'TestSeeds$$' -seeds $(or $(SEEDS),100000) -from $(or $(FROM),1) -v
endif

.PHONY: sim-crash
sim-crash: ## campaign: let a simulated runner die at every place where it touches the outside, in 30 scenes
	go test ./runner/simulator -count=1 -timeout 0 -run 'TestCrashPoints$$' -every-point -v

.PHONY: planted
planted: ## campaign: plant each known bug and show that the simulator finds it
	go test -tags planted ./runner/simulator -count=1 -timeout 0 -run Planted -v
