/* cmd/syntax: what the rows of the table say of their arguments is understood, for COMMAND DOCS is made of
 * it. Every row has to come out as it went in. */
#include "../../src/cmd/syntax.h"
#include "base/mem.h"
#include "cmd/table.h"
#include "fixture.h"

static void round_trip(const char *text)
{
    struct syntax *first = syntax_parse(text);
    struct buf b = {0};

    syntax_put(&b, first);
    buf_add_char(&b, '\0');
    assert_string_equal(b.p, text);
    buf_free(&b);
    syntax_free(first);
}

static void every_row_comes_out_as_it_went_in(void **state)
{
    (void)state;
    for (const struct command *row = command_table; row->name; row++)
        round_trip(row->syntax);
}

static void what_the_notation_can_say(void **state)
{
    static const char *const text[] = {
        "",
        "a",
        "[a]",
        "a b [c]",
        "a [a ...]",
        "[a [a ...]]",
        "f v [f v ...]",
        "x f v [f v ...]",
        "[f v [f v ...]]",
        "A",
        "A b",
        "A b c",
        "[A b c]",
        "A <b | c>",
        "<A b | C d e | F>",
        "[A b | C]",
        "[<A | B> [= | ~] c [D d]]",
        "[A <b | c>]",
        "A b [b ...]",
        "A b [A b ...]",
        "[A b [A b ...]]",
        "A b [b ...] c [c ...]",
        "[[A b] c d [e]]",
        "<a | <[B c] | [D <E | F>]> ...>",
        "a ...",
        "<* | a> b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        round_trip(text[i]);
}

static void tokens_have_what_is_in_lower_case_behind_them(void **state)
{
    struct syntax *a = syntax_parse("GROUP group consumer [COUNT count] STREAMS key [key ...] id [id ...]");
    const struct syntax *group = a, *count = a->next, *streams = count->next;

    (void)state;
    assert_int_equal(group->kind, SYNTAX_BLOCK);
    assert_true(slice_is(group->token, "GROUP") && slice_is(group->inside->next->word, "consumer"));
    assert_true(count->kind == SYNTAX_WORD && count->optional && slice_is(count->token, "COUNT"));
    assert_true(streams->kind == SYNTAX_BLOCK && streams->inside->multiple && !streams->multiple);
    assert_null(streams->next);
    syntax_free(a);
}

static void what_is_repeated_may_have_its_token(void **state)
{
    struct syntax *a = syntax_parse("[GET pattern [GET pattern ...]] [ID id [id ...]]");

    (void)state;
    assert_true(a->optional && a->multiple && a->multiple_token && a->kind == SYNTAX_WORD);
    assert_true(a->next->optional && a->next->multiple && !a->next->multiple_token);
    syntax_free(a);
}

/* --- as COMMAND DOCS tells it --- */

static void docs_have_arguments(void **state)
{
    struct fixture *t = *state;

    expect(t, 0, "COMMAND DOCS get",
           "[get [summary The string. since 1.0.0 group string complexity O(1) arguments "
           "[[name key type key display_text key key_spec_index :0]]]]");
    answer_to(t, 0, 0, "HELLO 3");
    expect(t, 0, "COMMAND DOCS brpop ping",
           "{brpop {summary Takes an element from the tail of the first list that has one, or waits. since 2.0.0 "
           "group list complexity O(N) in keys arguments [{name key type key display_text key key_spec_index :0 "
           "flags [+multiple]} {name timeout type double display_text timeout}]} ping {summary Answers PONG, or "
           "the message. since 1.0.0 group connection complexity O(1) arguments [{name message type string "
           "display_text message flags [+optional]}]}}");
}

static void docs_have_tokens_blocks_and_alternatives(void **state)
{
    struct fixture *t = *state;
    const char *text = answer_to(t, 0, 0, "COMMAND DOCS xadd xread expire");

    assert_non_null(strstr(text, "[name nomkstream type pure-token display_text nomkstream token NOMKSTREAM flags "
                                 "[+optional]]"));
    assert_non_null(strstr(text, "[name equal-or-approximately type oneof flags [+optional] arguments [[name equal "
                                 "type pure-token display_text equal token =] "));
    assert_non_null(strstr(text, "[name auto-id-or-id type oneof arguments [[name auto-id type pure-token "));
    assert_non_null(strstr(text, "[name field-value type block flags [+multiple] arguments [[name field type string "
                                 "display_text field] [name value type string display_text value]]]"));
    assert_non_null(strstr(text, "[name count type integer display_text count token COUNT flags [+optional]]"));
    assert_non_null(strstr(text, "[name streams type block token STREAMS arguments [[name key type key display_text "
                                 "key key_spec_index :0 flags [+multiple]] [name id "));
    assert_non_null(strstr(text, "[name nx-or-xx type oneof flags [+optional] arguments [[name nx "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_comes_out_as_it_went_in),
        cmocka_unit_test(what_the_notation_can_say),
        cmocka_unit_test(tokens_have_what_is_in_lower_case_behind_them),
        cmocka_unit_test(what_is_repeated_may_have_its_token),
        cmocka_unit_test_setup_teardown(docs_have_arguments, fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(docs_have_tokens_blocks_and_alternatives, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
