/* cmd/table: every row says what is true, for dispatch, COMMAND and the reference page live on it. */
#include "base/buf.h"
#include "cmd/docs.h"
#include "cmd/table.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ARGS 16

static const struct command *find(const char *first, const char *second)
{
    struct slice arg[2] = {slice_of(first), slice_of(second ? second : "")};
    const struct command *container;

    return command_find(arg, second ? 2 : 1, &container);
}

static bool is_record(const struct command *c)
{
    return c->flags & CMD_RECORD;
}

static void names_are_found_in_any_case(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        char other[64];
        size_t n = strlen(c->name);

        assert_true(n < sizeof other);
        for (size_t i = 0; i <= n; i++)
            other[i] = (char)(i % 2 ? tolower((unsigned char)c->name[i]) : c->name[i]);
        assert_ptr_equal(command_named(slice_of(c->name)), c); /* so no other row has the name */
        assert_ptr_equal(command_named(slice_of(other)), c);
        assert_int_equal(command_index(c), c - command_table);
    }
    assert_int_equal(find("Get", NULL)->min, 2);
    assert_null(command_named(SLICE("")));
    assert_null(command_named(SLICE("GE")));
    assert_null(command_named(SLICE("GETT")));
}

static void subcommands_are_found_by_two_words(void **state)
{
    struct slice unknown[2] = {SLICE("xgroup"), SLICE("nosuch")};
    const struct command *container;

    (void)state;
    assert_string_equal(find("xgroup", "create")->name, "XGROUP|CREATE");
    assert_string_equal(find("XGROUP", NULL)->name, "XGROUP");
    assert_null(find("xgroup|create", NULL)); /* not by the joined name: that is for COMMAND INFO */
    assert_null(command_find(unknown, 2, &container));
    assert_string_equal(container->name, "XGROUP");
    unknown[0] = SLICE("nosuch");
    assert_null(command_find(unknown, 2, &container));
    assert_null(container);
}

static void containers_and_their_rows_belong_together(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        const char *bar = strchr(c->name, '|');

        if (bar) {
            const struct command *of = command_named((struct slice){c->name, (size_t)(bar - c->name)});

            assert_non_null(of);
            assert_true(of->flags & CMD_CONTAINER);
            assert_string_equal(of->group, c->group);
        }
        assert_true(c->run || c->flags & CMD_CONTAINER);
        assert_true(c->complexity && *c->complexity);
        if (!c->run)
            assert_true(c->min >= 2); /* alone it is refused before anybody runs it */
    }
}

static void arguments_fit_the_keys(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        bool keys = c->keys.first || c->find_keys;

        assert_true(c->min >= 1 + (strchr(c->name, '|') != NULL));
        assert_true(c->max == ANY || c->max >= c->min);
        assert_int_equal(abs(command_arity(c)), c->min);
        assert_true(!c->find_keys == !(c->flags & CMD_MOVABLE));
        assert_false(c->flags & CMD_WRITE && c->flags & CMD_READ);
        if (c->flags & CMD_GROWS)
            assert_true(c->flags & CMD_WRITE);
        if (c->flags & CMD_NODATA)
            assert_false(c->flags & (CMD_WRITE | CMD_READ)); /* what shows data waits for the journal */
        if (keys && !c->find_keys) {
            assert_true(c->keys.step >= 1);
            assert_true(c->keys.first < c->min || c->keys.last == -1); /* SUNSUBSCRIBE: none is enough */
            assert_true(c->keys.last < 0 || c->keys.last >= c->keys.first);
        }
    }
}

static void a_shortest_request_has_its_keys_inside(void **state)
{
    struct slice arg[ARGS];
    size_t pos[ARGS];

    (void)state;
    for (size_t i = 0; i < ARGS; i++)
        arg[i] = SLICE("x");
    for (const struct command *c = command_table; c->name; c++) {
        size_t n;

        assert_true(c->min < ARGS);
        n = command_keys(c, arg, (size_t)c->min, pos, ARGS);
        if (c->keys.first && c->keys.first < c->min)
            assert_true(n > 0);
        for (size_t i = 0; i < n; i++)
            assert_true(pos[i] > 0 && pos[i] < (size_t)c->min);
    }
    assert_int_equal(command_keys(find("brpop", NULL), arg, 5, pos, ARGS), 3);
    assert_int_equal(command_keys(find("del", NULL), arg, 5, pos, ARGS), 4);
    assert_int_equal(command_keys(find("del", NULL), arg, 5, pos, 2), 2);
    assert_int_equal(command_keys(find("ping", NULL), arg, 2, pos, ARGS), 0);
}

static void streams_are_found_behind_the_word(void **state)
{
    struct slice arg[] = {SLICE("XREADGROUP"), SLICE("GROUP"), SLICE("STREAMS"), SLICE("c"),
                          SLICE("COUNT"),      SLICE("1"),     SLICE("streams"), SLICE("a"),
                          SLICE("b"),          SLICE(">"),     SLICE(">")};
    size_t pos[ARGS];

    (void)state;
    assert_int_equal(command_keys(find("xreadgroup", NULL), arg, 11, pos, ARGS), 2);
    assert_int_equal(pos[0], 7);
    assert_int_equal(pos[1], 8);
}

/* --- the documentation --- */

/* Words that cannot be left out: those outside of [], of <> the first of the alternatives. */
static int needed_words(const char *p)
{
    int square = 0, angle = 0, n = 0;
    unsigned over = 0; /* a bit for each <> inside another: behind its first alternative */
    bool word = false;

    for (;; p++) {
        bool ends = !*p || strchr(" []<>|", *p) != NULL;

        if (!ends && !word && square == 0 && !over)
            n++;
        word = !ends;
        if (!*p)
            break;
        square += (*p == '[') - (*p == ']');
        if (*p == '>')
            over &= ~(1u << angle--);
        angle += *p == '<';
        if (*p == '|' && angle)
            over |= 1u << angle;
        assert_true(square >= 0 && angle >= 0);
    }
    assert_int_equal(square, 0);
    assert_int_equal(angle, 0);
    return n;
}

static void syntax_and_arity_agree(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        int words = 1 + (strchr(c->name, '|') != NULL);

        if (is_record(c) || c->flags & CMD_CONTAINER)
            continue;
        if (words + needed_words(c->syntax) != c->min)
            fail_msg("%s: \"%s\" needs %d words, the row says %d", c->name, c->syntax,
                     words + needed_words(c->syntax), c->min);
    }
}

static void every_command_is_documented(void **state)
{
    (void)state;
    for (const struct command *c = command_table; c->name; c++) {
        int major, minor, patch, end = 0;

        for (const char *p = c->name; *p; p++)
            assert_true(isupper((unsigned char)*p) || isdigit((unsigned char)*p) || strchr("|._-", *p));
        assert_non_null(c->syntax);
        assert_true(*c->group);
        if (is_record(c))
            continue;
        if (!*c->summary || c->summary[strlen(c->summary) - 1] != '.')
            fail_msg("%s: the summary is no sentence", c->name);
        assert_int_equal(sscanf(c->since, "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
        assert_int_equal(end, strlen(c->since));
    }
}

static void the_page_has_every_command_once(void **state)
{
    struct buf page = {0};

    (void)state;
    docs_page(&page);
    buf_add_char(&page, '\0');
    for (const struct command *c = command_table; c->name; c++) {
        char heading[80], *at;
        size_t n = (size_t)snprintf(heading, sizeof heading, "\n### %s\n", c->name);

        for (size_t i = 0; i < n; i++)
            heading[i] = heading[i] == '|' ? ' ' : heading[i];
        at = strstr(page.p, heading);
        assert_true((at != NULL) == (c->run && !is_record(c)));
        if (at)
            assert_null(strstr(at + 1, heading));
    }
    buf_free(&page);
}

/* Each link leads to the one heading that has its anchor. */
static void the_index_leads_to_every_heading(void **state)
{
    struct buf page = {0};
    size_t links = 0, headings = 0;

    (void)state;
    docs_page(&page);
    buf_add_char(&page, '\0');
    for (const char *at = page.p; (at = strstr(at, "](#")); links++) {
        size_t n = strcspn(at += 3, ")"), found = 0;

        for (const char *line = page.p; (line = strstr(line, "\n##")); line++) {
            const char *heading = line + strspn(line, "\n# ");
            bool same = strcspn(heading, "\n") == n;

            for (size_t i = 0; same && i < n; i++)
                same = at[i] == (heading[i] == ' ' ? '-' : tolower((unsigned char)heading[i]));
            found += same;
        }
        if (found != 1)
            fail_msg("%.*s: %zu headings", (int)n, at, found);
    }
    for (const char *line = page.p; (line = strstr(line, "\n##")); line++)
        headings++;
    assert_int_equal(links, headings);
    buf_free(&page);
}

static int start(void **state)
{
    (void)state;
    command_table_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_any_case),
        cmocka_unit_test(subcommands_are_found_by_two_words),
        cmocka_unit_test(containers_and_their_rows_belong_together),
        cmocka_unit_test(arguments_fit_the_keys),
        cmocka_unit_test(a_shortest_request_has_its_keys_inside),
        cmocka_unit_test(streams_are_found_behind_the_word),
        cmocka_unit_test(syntax_and_arity_agree),
        cmocka_unit_test(every_command_is_documented),
        cmocka_unit_test(the_page_has_every_command_once),
        cmocka_unit_test(the_index_leads_to_every_heading),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
