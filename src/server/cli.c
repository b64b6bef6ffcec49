/* server/cli.c - the command line: [FILE | -] [--name value ...]. */
#include "base/num.h"
#include "server/server.h"

static void add_quoted(struct buf *b, const char *word)
{
    buf_add_str(b, " \"");
    for (; *word; word++) {
        if (*word == '"' || *word == '\\')
            buf_add_char(b, '\\');
        if (*word == '\n')
            buf_add_str(b, "\\n");
        else
            buf_add_char(b, *word);
    }
    buf_add_char(b, '"');
}

static bool special(struct cli *cli, const char *word)
{
    static const struct {
        const char *word;
        int what;
    } known[] = {{"--check-config", CLI_CHECK},
                 {"--dump-config", CLI_DUMP},
                 {"--version", CLI_VERSION},
                 {"-v", CLI_VERSION},
                 {"--help", CLI_HELP},
                 {"-h", CLI_HELP},
                 {"--commands-page", CLI_COMMANDS}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(word, known[i].word) == 0) {
            cli->what = known[i].what;
            return true;
        }
    }
    return false;
}

static void bad(struct cli *cli, const char *word)
{
    cli->what = CLI_BAD;
    cli->bad = word;
}

/* Words behind --name are its values, up to the next --name. A value may begin with a single '-'. */
void cli_parse(struct cli *cli, int argc, char **argv)
{
    bool named = false;

    *cli = (struct cli){.what = CLI_RUN};
    for (int i = 1; i < argc && cli->what != CLI_BAD; i++) {
        const char *word = argv[i];

        if (special(cli, word))
            continue;
        if (strcmp(word, "--import") == 0) {
            cli->what = i + 1 < argc ? CLI_IMPORT : CLI_BAD;
            cli->import = cli->bad = argv[i + (i + 1 < argc)];
            i++;
            continue;
        }
        if (strncmp(word, "--", 2) == 0 && word[2]) {
            if (named)
                buf_add_char(&cli->overrides, '\n');
            buf_add_str(&cli->overrides, word + 2);
            named = true;
        } else if (named) {
            add_quoted(&cli->overrides, word);
        } else if (!cli->file) {
            cli->file = word;
        } else {
            bad(cli, word);
        }
    }
    if (named)
        buf_add_char(&cli->overrides, '\n');
}
