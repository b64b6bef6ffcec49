/* cmd/docs.h - the reference page of all commands, made from their rows: docs/commands.md. */
#ifndef CMD_DOCS_H
#define CMD_DOCS_H

#include "base/buf.h"

void docs_page(struct buf *markdown);

#endif
