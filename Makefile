# Two commands: `make dev` runs the hub on this machine, `make test` tests it.
# Both need Go and nothing else.

GOARCH ?= arm64
GOOS ?= linux
TAGS ?=
FUZZTIME ?= 60s

# The same source gives the same bytes, so that an unchanged function is not
# deployed again. Local builds share these flags, and with them the build cache.
BUILD_TAGS := lambda.norpc $(TAGS)
BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags "$(BUILD_TAGS)"

HOST := GOOS=$(shell go env GOHOSTOS) GOARCH=$(shell go env GOHOSTARCH)

# The race detector needs a C compiler.
RACE := $(shell command -v $$(go env CC) >/dev/null 2>&1 && echo -race)

.PHONY: dev demo test scenarios browser screenshots lint budget cost template smoke chaos soak mutants fuzz bench conformance differential help

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## / — /'

dev: ## run the hub on this machine; Enter builds changed code again, Ctrl-C stops
	@mkdir -p .local
	@$(HOST) $(BUILD) -o .local/devserver.new ./internal/devserver && mv .local/devserver.new .local/devserver
	@exec .local/devserver

demo: ## play a scenario through the whole chain, on free ports
	@mkdir -p .local
	@echo "building the demo"
	@$(HOST) $(BUILD) -o .local/demo ./internal/demo
	@exec .local/demo

# sam build calls this with ARTIFACTS_DIR, for each function of template.yaml.
build-%:
	@GOOS=$(GOOS) GOARCH=$(GOARCH) $(BUILD) -ldflags "-s -w" -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/$(shell echo $* | tr A-Z a-z)

browser: # Chromium, in which the tests open the pages, from Debian's packages where they are
	@for b in "$$CHROMIUM" chromium chromium-browser google-chrome; do \
		test -n "$$b" && command -v "$$b" >/dev/null 2>&1 && exit 0; done; \
	root=; test "$$(id -u)" = 0 || root="sudo -n"; \
	if command -v apt-get >/dev/null 2>&1 && $$root true 2>/dev/null; then \
		echo "installing Chromium for the tests of pages"; \
		$$root apt-get update -qq && $$root apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk >/dev/null; \
	else echo "no Chromium here, and no way to install it: the tests of pages are skipped"; fi

screenshots: browser ## pictures of every page that customers see, in .local/screenshots
	@mkdir -p .local/screenshots
	SCREENSHOTS=$(CURDIR)/.local/screenshots go test -count=1 -run OmniLink ./internal/omnilink/page ./functions/omnilink ./internal/scenario

test: browser ## all tests but the full sizes; under 10 minutes on 2 cores
ifeq ($(RACE),)
	@echo "no C compiler here: the tests run without the race detector"
endif
	go test $(RACE) -timeout 9m $$(go list ./... | grep -v /internal/scenario$$)
	go test $(RACE) -short -timeout 9m ./internal/scenario

scenarios: browser ## every scripted scenario of customers, through the whole stack and Chromium
	go test -count=1 -timeout 9m ./internal/scenario

lint: ## gofmt, go vet, staticcheck
	@test -z "$$(gofmt -l functions internal)" || { gofmt -l functions internal; echo "run gofmt -w on these"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

template: ## what the template must show; cfn-lint too where it is installed
	go test -count=1 ./internal/deploy/...
	@if command -v cfn-lint >/dev/null 2>&1; then cfn-lint --non-zero-exit-code error template.yaml; \
	elif command -v sam >/dev/null 2>&1; then sam validate --lint; \
	else echo "neither cfn-lint nor sam is installed: the template was checked by the Go test only"; fi

budget: ## AWS calls and units per event, against the golden file
	go test -count=1 -v -run TestBudget ./internal/budget

cost: ## what a million events cost at list prices, from the counts; fails above the budget
	@go run ./internal/cost

smoke: ## a short chaos run: 500 messages of 60 customers, 40 kills, 5 % of each fault
	go run ./internal/chaos/run -faults smoke

chaos: ## the full chaos runs, on FIFO and on shuffled standard queues
	go run ./internal/chaos/run -faults standard -messages 5000 -customers 500 -repeats 8 -kills 200 -failpoints 10 -poison 50 -limit 1h
	go run ./internal/chaos/run -faults standard -messages 5000 -customers 500 -repeats 8 -kills 200 -failpoints 10 -poison 50 -limit 1h -shuffle 7
	go run ./internal/chaos/run -faults standard -seeds 1-10
	go run ./internal/chaos/run -faults standard -seeds 1-10 -shuffle 7
	go run ./internal/chaos/run -scenario pacing -limit 20m
	go run ./internal/chaos/run -scenario outage -limit 20m
	go run ./internal/chaos/run -scenario drill -limit 20m
	go run ./internal/chaos/run -scenario restarts -rounds 50 -customers 20 -limit 20m
	go test -count=1 -run Attacks ./functions/ingress -whole
	go test -count=1 -timeout 60m -run 'AnyOrder|EveryPermutation|RepetitionsChange|ToldApart' -shuffles 1000 ./internal/chat
	go test -count=1 -timeout 60m -run 'UndoneJoin|AnyGraph' -rapid.checks 1000 ./internal/contact

soak: ## hours of it: 20,000 messages, 1,000 kills, every fault, outages of a platform and of the local cloud; a million contacts
	go run ./internal/chaos/run -faults standard -messages 20000 -customers 2000 -repeats 4 -kills 1000 -failpoints 50 -poison 200 -limit 6h
	go run ./internal/chaos/run -scenario outage -faults standard -customers 400 -limit 2h
	go test -count=1 -timeout 30m -run UsesCost -v ./internal/contact -contacts 1000000

mutants: ## remove one defence at a time: the tests and chaos runs must notice each
	go run ./internal/mutants

fuzz: ## each parser of foreign bytes for a minute
	@for target in $$(grep -rlE '^func Fuzz' --include=*_test.go internal | xargs -n1 dirname | sort -u); do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z]+' $$target/*_test.go | cut -c6-); do \
			echo "$$target $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) ./$$target || exit 1; \
		done; done

bench: ## speeds, as ratios in one run
	go test -run "^$$" -bench . -benchtime 2s ./functions/... ./internal/...

differential: ## the same operations to the local cloud and to moto and dynalite, where these are installed
	go test -count=1 -run Differential -v ./internal/localaws/conformance

conformance: ## the local cloud's conformance suite; CONFORMANCE_ENDPOINT names another endpoint
	go test -count=1 ./internal/localaws/conformance
