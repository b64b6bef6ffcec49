# leanmqd - see README.md. `make help` prints this page.
#
#   make deps run            install what is missing, build, start on 127.0.0.1:6379
#   make deps check          everything CI runs
#   make                     leanmqd, leanmq-bench, leanmq-check-aof
#   make install             PREFIX (/usr/local), DESTDIR
#   make check-all           also 200 kills, 200,000 compared commands, long fuzzing, valgrind
#   make unit sim integration clients sanitized fuzz-smoke icount layers      parts of check
#   make differential N=...  the same commands and scripts to leanmqd and to redis-server
#   make conformance         Redis' own Tcl units
#   make conformance-clients the suites of phpredis and hiredis
#   make format clean
#
#   CI=1                     warnings are errors
#   SAN=address,undefined    a sanitizer build (its own folder, libc's malloc)
#   MALLOC=libc              without jemalloc: for valgrind
#   CC=clang                 the other compiler
#   BUILD=DIR                where objects go (default build)

BUILD   ?= build
PREFIX  ?= /usr/local
comma   := ,
VARIANT := $(subst $(comma),-,$(or $(SAN),plain))$(if $(filter clang%,$(CC)),-clang)$(if $(MALLOC),-$(MALLOC))$(VARIANT_SUFFIX)
OUT     := $(BUILD)/$(VARIANT)
LIBC    := $(or $(SAN),$(filter libc,$(MALLOC)))

LUA     := lua5.1
PKG     := libevent_core $(LUA) $(if $(LIBC),,jemalloc)
PYTHON  ?= /usr/bin/python3

FLAGS   := -std=c11 -D_GNU_SOURCE -Iinclude -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
           -pthread $(if $(CI),-Werror) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer $(if $(filter clang%,$(CC)),,-Wno-maybe-uninitialized)) \
           $(if $(LIBC),-DMEM_LIBC)
CFLAGS  ?= -O2 -g
LIBS     = $(shell pkg-config --libs $(PKG)) -lm
LUA_FLAGS = $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(LUA)))

SRC     := $(wildcard src/*/*.c)
OBJ     := $(SRC:%.c=$(OUT)/%.o)
MAIN    := $(OUT)/src/server/main.o
# What a test or a tool links: everything but main(); the archive gives each only what it needs.
LIB     := $(OUT)/libleanmq.a
UNIT    := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
SIM     := $(patsubst %.c,$(OUT)/%,$(wildcard tests/sim/test_*.c))
SIMLIB  := $(OUT)/libsim.a

.DEFAULT_GOAL := all
all: leanmqd leanmq-bench leanmq-check-aof

leanmqd leanmq-bench leanmq-check-aof: %: $(OUT)/%
	@ln -sf $< $@

$(OUT)/leanmqd: $(MAIN) $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(MAIN) $(LIB) $(LIBS)

$(OUT)/leanmq-bench: $(patsubst %.c,$(OUT)/%.o,$(wildcard tools/bench/*.c)) $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(OUT)/leanmq-%: $(OUT)/tools/leanmq-%.o $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS)

$(LIB): $(filter-out $(MAIN),$(OBJ))
	@rm -f $@
	@ar rcs $@ $^

$(SIMLIB): $(patsubst %.c,$(OUT)/%.o,$(filter-out tests/sim/test_%,$(wildcard tests/sim/*.c)))
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/tests/icount: $(OUT)/tests/icount.o $(SIMLIB) $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SIMLIB) $(LIB) $(LIBS)

$(OUT)/tests/unit/%: $(OUT)/tests/unit/%.o $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIBS) -lcmocka

$(OUT)/tests/sim/%: $(OUT)/tests/sim/%.o $(SIMLIB) $(LIB)
	$(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $< $(SIMLIB) $(LIB) $(LIBS) -lcmocka

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(if $(filter src/script/%,$<),$(LUA_FLAGS)) $(CFLAGS) -MMD -MP -c -o $@ $<

.PHONY: all leanmqd leanmq-bench leanmq-check-aof
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# --- running ------------------------------------------------------------------------------------------

.PHONY: run install format help clean
run: leanmqd
	./leanmqd leanmqd.conf

SUBST = sed 's|/usr/local|$(PREFIX)|g'
install: leanmqd leanmq-bench leanmq-check-aof
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin $(OUT)/leanmqd $(OUT)/leanmq-bench $(OUT)/leanmq-check-aof
	install -d $(DESTDIR)/etc/leanmqd
	test -e $(DESTDIR)/etc/leanmqd/leanmqd.conf || install -m 640 leanmqd.conf $(DESTDIR)/etc/leanmqd/leanmqd.conf
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	$(SUBST) conf/leanmqd.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/leanmqd.service
	install -m 644 conf/leanmqd.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/leanmqd.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/leanmqd README.md docs/*.md conf/durable.conf conf/development.conf
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 docs/leanmqd.8
	@$(if $(DESTDIR),,tools/install-user $(PREFIX)/lib/sysusers.d/leanmqd.conf /etc/leanmqd/leanmqd.conf)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) leanmqd leanmq-bench leanmq-check-aof

help:
	@sed -n '/^$$/q; s/^#$$//; s/^# //; p' Makefile

# --- what is needed: the only goal that uses the network -----------------------------------------------

# Building and running need little; the checks bring a second compiler, Redis and client libraries.
DEPS_RUN   = gcc make pkg-config libc6-dev libevent-dev libjemalloc-dev liblua5.1-0-dev redis-tools
DEPS_CHECK = libcmocka-dev clang libclang-rt-14-dev valgrind redis-server python3 python3-redis libhiredis-dev nodejs npm man-db groff-base
# The queue libraries that check-all runs, beside those of the npm registry; and what the suites of others need.
DEPS_ALL   = python3-celery python3-rq ruby-sidekiq php-cli php-redis php-symfony-redis-messenger php-symfony-event-dispatcher
DEPS_SUITES = dpkg-dev tcl php-cli php-redis
ALL_TOO    = $(filter check-all,$(MAKECMDGOALS))
SUITES_TOO = $(filter conformance%,$(MAKECMDGOALS))
RUN_ONLY   = $(filter all run install leanmqd,$(MAKECMDGOALS))
CHECK_TOO  = $(if $(RUN_ONLY),$(filter-out deps all run install leanmqd,$(MAKECMDGOALS)),yes)

.PHONY: deps
deps:
	@tools/install-deps $(DEPS_RUN) $(if $(CHECK_TOO),$(DEPS_CHECK)) $(if $(ALL_TOO),$(DEPS_ALL)) $(if $(SUITES_TOO),$(DEPS_SUITES))
	@$(if $(CHECK_TOO),tools/install-deps --npm $(BUILD)/clients tests/clients/package.json)

# deps comes first though make runs goals side by side (make -j2 deps run).
ifneq (,$(filter deps,$(MAKECMDGOALS)))
$(OBJ) $(LIB) leanmqd run check check-all conformance conformance-clients: | deps
endif

# --- checks ---------------------------------------------------------------------------------------------
#
# check: everything CI runs. Its parts can be run alone; each prints what it did, tools/tally adds up.

.PHONY: check check-all layers unit sim integration clients fuzz-smoke icount conformance conformance-clients differential \
        sanitized valgrind built sanitized-built fuzz-built
TALLY = tools/tally $(BUILD)/tally

check:
	@rm -rf $(BUILD)/tally
	@$(MAKE) --no-print-directory CI=1 -k built sanitized-built fuzz-built || $(TALLY) --broken || true
	@$(MAKE) --no-print-directory CI=1 -k layers unit sim integration clients differential icount || true
	@$(MAKE) --no-print-directory CI=1 -k sanitized fuzz-smoke || true
	@$(TALLY) --sum

check-all:
	@rm -rf $(BUILD)/tally
	@$(MAKE) --no-print-directory CI=1 -k built sanitized-built fuzz-built || $(TALLY) --broken || true
	@$(MAKE) --no-print-directory CI=1 -k CC=clang built || $(TALLY) --broken || true
	@$(MAKE) --no-print-directory CI=1 -k layers unit sim integration clients differential icount LONG=1 || true
	@$(MAKE) --no-print-directory CI=1 -k CC=clang unit || true
	@$(MAKE) --no-print-directory CI=1 -k sanitized fuzz-smoke valgrind LONG=1 || true
	@$(TALLY) --sum

# What does not build is a failure of its own: its tests would not be there to fail.
built: all $(UNIT) $(SIM) $(OUT)/tests/icount
sanitized-built:
	@$(MAKE) --no-print-directory $(SANITIZED) -k built

SEEDS        = $(if $(LONG),100000,10000)
KILLS        = $(if $(LONG),200,20)
FUZZ_SECONDS = $(if $(LONG),300,60)
N           ?= $(if $(LONG),200000,5000)
export LEANMQD = $(abspath $(OUT)/leanmqd)
export LEANMQ_BENCH = $(abspath $(OUT)/leanmq-bench)
export LEANMQ_CHECK_AOF = $(abspath $(OUT)/leanmq-check-aof)

layers:
	@$(TALLY) layers tools/check-layers

unit: $(UNIT)
	@for t in $(UNIT); do $(TALLY) unit/$$(basename $$t) $$t; done

sim: $(SIM)
	@for t in $(SIM); do SEEDS=$(SEEDS) $(TALLY) sim/$$(basename $$t) $$t; done

integration: all
	@for t in tests/integration/test_*.py; do $(TALLY) integration/$$(basename $$t .py) $(PYTHON) $$t; done
	@$(TALLY) integration/crash_ledger $(PYTHON) tests/integration/crash_ledger.py --kills $(KILLS)

differential: all
	@for d in differential differential_types differential_scripts; do echo $$d 2; echo $$d 3; done | xargs -P 2 -L 1 sh -c \
	    '$(TALLY) differential/$$0-resp$$1 $(PYTHON) tests/integration/$$0.py --count $(N) --proto $$1'

clients: all
	@for l in $$($(PYTHON) tests/clients/libraries.py --list $(if $(LONG),--all)); do \
	    $(TALLY) clients/$$l NODE_PATH=$(abspath $(BUILD)/clients/node_modules) COUNT=100000 $(PYTHON) tests/clients/libraries.py $$l; done

icount: $(OUT)/tests/icount
	@$(TALLY) icount LEANMQ_ICOUNT=$(abspath $<) $(PYTHON) tests/icount.py

conformance: all
	@$(PYTHON) tools/conformance

conformance-clients: all
	@$(PYTHON) tools/conformance-clients

# The same under sanitizers: units, the simulator, and a server with sanitizers under the integration tests.
SANITIZED = SAN=address,undefined CI=1
sanitized:
	@$(MAKE) --no-print-directory $(SANITIZED) -k unit sim integration SEEDS=$(if $(LONG),20000,1000) KILLS=5

valgrind:
	@$(MAKE) --no-print-directory MALLOC=libc CI=1 UNIT_UNDER='valgrind -q --error-exitcode=9 --leak-check=full' unit-under

# Not test_conn: it takes the process' descriptors away, and valgrind needs some of its own.
UNDER = $(filter-out %/test_conn,$(UNIT))
unit-under: $(UNDER)
	@for t in $(UNDER); do $(TALLY) valgrind/$$(basename $$t) $(UNIT_UNDER) $$t; done

# libFuzzer is clang's; a corpus grows in the build folder and is kept between runs.
FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_FLAGS = CC=clang CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' SAN=address,undefined VARIANT_SUFFIX=-fuzz
$(BUILD)/fuzz/%: tests/fuzz/%.c FORCE
	@mkdir -p $(BUILD)/fuzz/corpus-$*
	@$(MAKE) --no-print-directory $(FUZZ_FLAGS) fuzz-objects
	clang -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -g -O1 -std=c11 -D_GNU_SOURCE -DMEM_LIBC -Iinclude -pthread \
	    -o $@ $< $(BUILD)/address-undefined-clang-fuzz/libsim.a $(BUILD)/address-undefined-clang-fuzz/libleanmq.a \
	    $$(pkg-config --libs libevent_core $(LUA)) -lm
fuzz-objects: $(LIB) $(SIMLIB)
FORCE:
.PHONY: fuzz-objects FORCE unit-under

fuzz-built: $(FUZZ:%=$(BUILD)/fuzz/%)
fuzz-smoke: $(FUZZ:%=$(BUILD)/fuzz/%)
	@$(PYTHON) tests/fuzz/seeds.py $(BUILD)/fuzz
	@echo $(FUZZ) | xargs -P 2 -n 1 sh -c '$(TALLY) fuzz/$$0 $(BUILD)/fuzz/$$0 -max_total_time=$(FUZZ_SECONDS) -timeout=20 \
	    -rss_limit_mb=3000 -print_final_stats=1 -verbosity=0 $(BUILD)/fuzz/corpus-$$0'
